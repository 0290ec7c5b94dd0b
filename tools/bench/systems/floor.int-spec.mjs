import { createServer, get } from 'node:http';
import { Cleanup } from './children.mjs';
import { recordAnswer, startFloor } from './floor.mjs';

/** What a client receives, header by header. */
function receive(url) {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ headers: answer.rawHeaders, body: Buffer.concat(parts).toString() }));
    }).on('error', reject);
  });
}

const names = ({ headers }) =>
  headers
    .filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase())
    .toSorted();

describe('a floor', () => {
  const cleanup = new Cleanup();
  const original = createServer((_request, response) => {
    response.setHeader('etag', 'W/"abc"');
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.end('{"name":"Café"}');
  });
  let url;
  beforeAll(async () => {
    await new Promise((done) => original.listen(0, '127.0.0.1', done));
    cleanup.defer(() => original.close());
    url = `http://127.0.0.1:${original.address().port}`;
  });
  afterAll(() => cleanup.run());

  it.each(['http', 'fastify'])('of %s sends the bytes and the headers of the server under test', async (kind) => {
    const floor = await startFloor(kind, cleanup);
    await floor.answer(await recordAnswer(url, { method: 'GET', path: '/', headers: {} }));
    const [wanted, sent] = [await receive(url), await receive(floor.url)];
    expect(sent.body).toBe('{"name":"Café"}');
    expect(names(sent)).toEqual(names(wanted));
  });

  it('is not made of an answer that is no success', async () => {
    const refusing = createServer((_request, response) => response.writeHead(404).end());
    await new Promise((done) => refusing.listen(0, '127.0.0.1', done));
    cleanup.defer(() => refusing.close());
    const step = { method: 'GET', path: '/products/1', headers: {} };
    await expect(recordAnswer(`http://127.0.0.1:${refusing.address().port}`, step)).rejects.toThrow('GET /products/1 answers 404');
  });
});
