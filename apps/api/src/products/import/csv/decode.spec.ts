import { deflateRawSync, gzipSync } from 'node:zlib';
import { TextDecoding } from './decode.js';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decode(bytes: Buffer, size = 65_536): Promise<{ text: string; encoding: string; isDamaged: boolean }> {
  const decoding = new TextDecoding();
  let text = '';
  for await (const piece of decoding.decode(pieces(bytes, size))) text += piece;
  return { text, encoding: decoding.encoding, isDamaged: decoding.isDamaged };
}

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const text = 'sku,name\nA,Crème brûlée €\nB,Ελληνικά 漢字 😀\n';
const latin = 'sku,name\nA,Crème brûlée\n';

describe('TextDecoding', () => {
  it.each([
    ['utf-8', Buffer.from(text), text],
    ['utf-8', Buffer.from(`\ufeff${text}`), text],
    ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le'), text],
    ['utf-16be', utf16be(`\ufeff${text}`), text],
    ['windows-1252', Buffer.concat([Buffer.from(latin, 'latin1'), Buffer.from([0x80, 0x93, 0x94])]), `${latin}€“”`],
    ['utf-8', Buffer.from('sku,name\nA,x\n'), 'sku,name\nA,x\n'],
  ])('knows %s, and reads the same whatever the pieces', async (encoding, bytes, expected) => {
    for (const size of [1, 2, 3, 65_536]) expect(await decode(bytes, size)).toEqual({ text: expected, encoding, isDamaged: false });
  });

  it.each([
    ['UTF-8', Buffer.from('é😀'), 'é😀', 'utf-8'],
    ['Windows-1252', Buffer.from('é é', 'latin1'), 'é é', 'windows-1252'],
  ])('decides for %s by the first characters that tell, however late they come', async (_, tail, end, encoding) => {
    const plain = 'sku,name\n'.repeat(20_000);
    for (const size of [1021, 65_536]) {
      expect(await decode(Buffer.concat([Buffer.from(plain), tail]), size)).toEqual({ text: plain + end, encoding, isDamaged: false });
    }
  });

  it('reads one byte at the very end that begins a character of UTF-8 as Windows-1252 when nothing else tells', async () => {
    expect(await decode(Buffer.from('sku,caf\xe9', 'latin1'), 3)).toEqual({ text: 'sku,café', encoding: 'windows-1252', isDamaged: false });
  });

  it('keeps to UTF-8 when a single byte of it is damaged, and says so', async () => {
    const bytes = Buffer.concat([Buffer.from('sku,ééé '), Buffer.from([0xff]), Buffer.from(' é')]);
    expect(await decode(bytes)).toEqual({ text: 'sku,ééé \ufffd é', encoding: 'utf-8', isDamaged: true });
  });

  it.each([
    ['a PNG image', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(100)])],
    ['a JPEG image', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
    ['a PDF document', Buffer.from('%PDF-1.7\n')],
    ['an Excel workbook or a ZIP archive', Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), deflateRawSync('x')])],
    ['an Excel workbook of the old format', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1])],
    ['a compressed file', gzipSync('sku,name\n')],
    ['JSON', Buffer.from(' \n[{"sku": "A"}]')],
    ['JSON', Buffer.from('\ufeff{"sku": "A"}', 'utf16le')],
    ['HTML or XML', Buffer.from('\ufeff<!doctype html><table>')],
    ['binary data, or UTF-16 text without a byte order mark', Buffer.from('sku,name', 'utf16le')],
  ])('refuses %s', async (kind, bytes) => {
    await expect(decode(bytes)).rejects.toMatchObject({
      status: 415,
      code: 'not-csv',
      detail: `this is ${kind}; save it as CSV and send that`,
    });
  });

  it('gives what came before a failure, short as it is, and not the character that was cut in two', async () => {
    async function* torn(): AsyncGenerator<Buffer> {
      yield Buffer.from('sku,é').subarray(0, 5);
      throw new Error('torn');
    }
    const texts: string[] = [];
    await expect(async () => {
      for await (const piece of new TextDecoding().decode(torn())) texts.push(piece);
    }).rejects.toThrow('torn');
    expect(texts).toEqual(['sku,']);
  });

  it('refuses no bytes at all', async () => {
    await expect(decode(Buffer.alloc(0))).rejects.toMatchObject({ status: 400, code: 'empty-file' });
  });
});
