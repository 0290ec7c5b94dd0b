import type { QueryFinished } from '@app/common';
import { ParameterMask } from '../capture/parameter-mask.js';
import { Fingerprints } from '../sql/fingerprints.js';
import type { Finding } from './finding.js';
import { UncachedWatch } from './uncached.detector.js';

const mask = new ParameterMask(1);
const fingerprints = new Fingerprints(1_000_000);

/** A second passes between two requests, so each result is compared. */
class Watched {
  readonly watch = new UncachedWatch({ uncachedRequests: 20, watchBytes: 100_000 }, mask);
  private requests = 0;

  ask(
    rows: readonly unknown[] | undefined,
    change: Partial<QueryFinished> = {},
    requestId = `r${(this.requests += 1)}`,
  ): Finding | undefined {
    const facts = { startedAt: 0, durationMs: 2, waitMs: 0, rowCount: 1, readBytes: 10, isInTransaction: false };
    const nothing = { request: undefined, plan: undefined, site: undefined, error: undefined };
    const query = { text: 'SELECT * FROM t WHERE id = $1', parameters: [1], rows, ...facts, ...nothing, ...change };
    const fingerprint = fingerprints.of(query.text);
    const parameters = mask.mask(query.parameters, fingerprint.salt);
    return this.watch.see(query, fingerprint, { requestId, endpoint: 'GET /t', parameters, now: this.requests * 1000 });
  }

  askOften(count: number, rows: (n: number) => readonly unknown[] | undefined, change?: Partial<QueryFinished>): Finding[] {
    return Array.from({ length: count }, (_, n) => this.ask(rows(n), change)).filter((finding) => finding !== undefined);
  }
}

describe('UncachedWatch', () => {
  it('keeps nothing but a mark of what is read once', () => {
    const watched = new Watched();
    const { bytes } = watched.watch.memory;
    for (let n = 0; n < 1000; n += 1) watched.ask([{}], { parameters: [n] });
    expect(watched.watch.memory.bytes).toBe(bytes);
  });

  it('takes two reads of one request for one, from the first on', () => {
    const watched = new Watched();
    for (const requestId of ['a', 'a']) watched.ask([{ id: 1 }], {}, requestId);
    expect(watched.askOften(18, () => [{ id: 1 }])).toEqual([]);
    expect(watched.askOften(1, () => [{ id: 1 }])).toMatchObject([{ figures: { requests: 20 } }]);
  });

  it('counts each statement by itself, whatever it shares of its parameters', () => {
    const watched = new Watched();
    const found = ['a', 'b'].flatMap((table) => watched.askOften(19, () => [{ id: 1 }], { text: `SELECT * FROM ${table} WHERE id = $1` }));
    expect(found).toEqual([]);
  });

  it('finds what 20 requests read alike, and says what a cache would save', () => {
    const [finding, ...others] = new Watched().askOften(39, () => [{ id: 1 }]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      kind: 'uncached',
      endpoint: 'GET /t',
      statement: { text: 'SELECT * FROM t WHERE id = ?' },
      figures: { requests: 20, saved_queries: 19, saved_ms: 38 },
    });
  });

  it('comes again when the evidence has doubled', () => {
    expect(new Watched().askOften(85, () => [{ id: 1 }]).map(({ figures }) => figures['requests'])).toEqual([20, 40, 80]);
  });

  it.each([
    ['the result changes', (n: number) => [{ id: n }], {}],
    ['the result changes now and then', (n: number) => [{ id: Math.floor(n / 15) }], {}],
    ['it writes', () => [{ id: 1 }], { text: 'UPDATE t SET n = $1' }],
    ['it belongs to a transaction', () => [{ id: 1 }], { isInTransaction: true }],
    ['it fails', () => [{ id: 1 }], { error: new Error('no') }],
    ['the result is too large to compare', () => [{ id: 1 }], { readBytes: 1_000_000 }],
    ['there are no rows to compare', () => undefined, {}],
  ])('finds nothing when %s', (_, rows, change) => {
    expect(new Watched().askOften(60, rows, change)).toEqual([]);
  });

  it('counts requests, not reads of one request', () => {
    const watched = new Watched();
    expect(Array.from({ length: 100 }, () => watched.ask([{ id: 1 }], {}, 'the same')).filter(Boolean)).toEqual([]);
  });

  it('tells parameters apart', () => {
    const watched = new Watched();
    expect(Array.from({ length: 100 }, (_, n) => watched.ask([{ id: 1 }], { parameters: [n % 10] })).filter(Boolean)).toEqual([]);
  });

  it('keeps its limit', () => {
    const watched = new Watched();
    for (let n = 0; n < 2000; n += 1) watched.ask([{}], { parameters: [n >> 1] });
    expect(watched.watch.memory).toEqual({ bytes: 1024 * 12 + 219 * 400, limitBytes: 100_000 });
  });
});
