import { Controller, Get, Header, Module, StreamableFile } from '@nestjs/common';
import type { InjectOptions } from 'fastify';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Public } from '../src/http/access.js';
import { ConditionalGet } from '../src/http/conditional-get.js';
import { startTestApp, type TestApp } from './app.harness.js';

const long = 'a line of text that says little\n'.repeat(100);

async function* failing(): AsyncGenerator<string> {
  yield long.repeat(1000);
  throw new Error('the source has failed');
}

/** Answers that the product does not give, and could. */
@Controller('forms')
@Public()
class FormsController {
  @Get('list')
  @ConditionalGet()
  list() {
    return { lines: long.split('\n') };
  }

  @Get('short')
  @Header('content-type', 'text/plain')
  short() {
    return 'x'.repeat(1023);
  }

  @Get('versioned')
  @Header('etag', '"7"')
  @Header('content-type', 'text/plain')
  versioned() {
    return long;
  }

  @Get('untouchable')
  @Header('cache-control', 'no-transform')
  @Header('content-type', 'text/plain')
  untouchable() {
    return long;
  }

  @Get('picture')
  @Header('content-type', 'image/png')
  picture() {
    return Buffer.from(long);
  }

  @Get('coded')
  @Header('content-encoding', 'zstd')
  @Header('content-type', 'text/plain')
  coded() {
    return Buffer.from(long);
  }

  @Get('events')
  events() {
    return new StreamableFile(Readable.from([long]), { type: 'text/event-stream' });
  }

  @Get('torn')
  torn() {
    return new StreamableFile(Readable.from(failing()), { type: 'text/plain' });
  }
}

@Module({ controllers: [FormsController] })
class FormsModule {}

describe('the compression of answers that are made anew', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ modules: [FormsModule] });
  });
  afterAll(() => app.close());

  const list = '/forms/list';
  const ask = (url: string, accepts?: string, { method = 'GET', headers = {} }: Pick<InjectOptions, 'method' | 'headers'> = {}) =>
    app.nest.inject({ method, url, headers: { ...headers, ...(accepts === undefined ? {} : { 'accept-encoding': accepts }) } });

  it.each([
    ['br', 'gzip, deflate, br', brotliDecompressSync],
    ['gzip', 'gzip, deflate', gunzipSync],
    ['gzip', 'br;q=0, *', gunzipSync],
  ])('is %s for a client that takes "%s"', async (coding, accepts, decode) => {
    const plain = await ask(list);
    const { headers, rawPayload } = await ask(list, accepts);
    expect([headers['content-encoding'], headers['vary'], Number(headers['content-length'])]).toEqual([
      coding,
      'accept-encoding',
      rawPayload.length,
    ]);
    expect(decode(rawPayload).toString()).toBe(plain.payload);
    expect(rawPayload.length * 3).toBeLessThan(plain.rawPayload.length);
    expect([headers['etag'], String(headers['etag']).startsWith('W/')]).toEqual([plain.headers['etag'], true]);
  });

  it.each([[undefined], ['identity'], ['br;q=0, gzip;q=0'], ['zstd']])(
    'is none for one that takes "%s", but said to be possible',
    async (accepts) => {
      const { headers, payload } = await ask(list, accepts);
      expect([headers['content-encoding'], headers['vary']]).toEqual([undefined, 'accept-encoding']);
      expect(JSON.parse(payload)).toHaveProperty('lines');
    },
  );

  it('gives the headers of the answer to HEAD, and no body', async () => {
    const [got, head] = [await ask(list, 'br'), await ask(list, 'br', { method: 'HEAD' })];
    expect([head.statusCode, head.rawPayload.length]).toEqual([200, 0]);
    for (const name of ['content-encoding', 'content-length', 'content-type', 'etag', 'vary'])
      expect([name, head.headers[name]]).toEqual([name, got.headers[name]]);
  });

  it('answers 304 to the tag of a compressed answer, without a coding', async () => {
    const { headers } = await ask(list, 'br');
    const again = await ask(list, 'br', { headers: { 'accept-encoding': 'br', 'if-none-match': String(headers['etag']) } });
    expect([again.statusCode, again.rawPayload.length, again.headers['content-encoding'], again.headers['vary']]).toEqual([
      304,
      0,
      undefined,
      'accept-encoding',
    ]);
  });

  it.each([
    ['what fits into a packet', '/forms/short', undefined],
    ['what a strong ETag names', '/forms/versioned', undefined],
    ['what is not to be transformed', '/forms/untouchable', undefined],
    ['what does not get smaller', '/forms/picture', undefined],
    ['what is coded already', '/forms/coded', 'zstd'],
    ['events, which would be held back', '/forms/events', undefined],
  ])('leaves %s as it is', async (_what, path, coding) => {
    const [plain, asked] = [await ask(path), await ask(path, 'br, gzip')];
    expect([asked.statusCode, asked.headers['content-encoding'], asked.payload]).toEqual([200, coding, plain.payload]);
  });

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('compresses a stream as it passes: %s', async (coding, decode) => {
    const authorization = `Bearer ${await app.token('admin')}`;
    const path = '/products/export';
    const plain = await ask(path, undefined, { headers: { authorization } });
    const { headers, rawPayload } = await ask(path, undefined, { headers: { authorization, 'accept-encoding': coding } });
    expect([headers['content-encoding'], headers['content-length']]).toEqual([coding, undefined]);
    expect(decode(rawPayload).toString()).toBe(plain.payload);
    expect(rawPayload.length * 3).toBeLessThan(plain.rawPayload.length);
  });

  it('breaks off an answer whose source fails, instead of ending it as if it were whole', async () => {
    await app.nest.listen(0, '127.0.0.1');
    const answer = await fetch(`${await app.nest.getUrl()}/forms/torn`, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    await expect(answer.text()).rejects.toThrow();
  });
});
