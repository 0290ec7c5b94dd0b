import { Readable } from 'node:stream';
import { countObjects } from './heap-objects.js';

/** A snapshot as V8 writes it, small. */
const snapshot = JSON.stringify({
  snapshot: {
    meta: {
      node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
      node_types: [['hidden', 'string', 'object', 'closure'], 'string'],
    },
    node_count: 5,
  },
  nodes: [2, 1, 1, 100, 0, 2, 1, 3, 60, 0, 2, 3, 5, 40, 0, 1, 2, 7, 500, 0, 1, 4, 9, 5, 0, 3, 5, 11, 8, 0],
  edges: [1, 2, 3],
  trace_tree: [],
  strings: ['', 'Order', 'ana@example.com said "hi" \\', 'Cart\u00e9"\\', 'x', 'onRequest'],
});
const expected = [
  { type: 'string', name: '', count: 2, bytes: 505 },
  { type: 'object', name: 'Order', count: 2, bytes: 160 },
  { type: 'object', name: 'Carté"\\', count: 1, bytes: 40 },
  { type: 'closure', name: 'onRequest', count: 1, bytes: 8 },
];

const inPieces = (length: number): Readable =>
  Readable.from(Array.from({ length: Math.ceil(snapshot.length / length) }, (_, n) => snapshot.slice(n * length, (n + 1) * length)));

describe('countObjects', () => {
  it.each([1, 2, 3, 7, 64, 10_000])('counts by constructor and tells no value, in pieces of %d characters', async (length) => {
    expect(await countObjects(inPieces(length), 10)).toEqual(expected);
  });

  it('gives the largest ones only', async () => {
    expect(await countObjects(inPieces(100), 1)).toEqual(expected.slice(0, 1));
  });

  it('refuses a snapshot that ends too early', async () => {
    await expect(countObjects(Readable.from([snapshot.slice(0, 200)]), 1)).rejects.toThrow('not whole');
  });
});
