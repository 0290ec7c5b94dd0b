import type { Execution } from '../stores/executions.js';
import { Fingerprints } from './fingerprints.js';

const execution = (change: Partial<Execution> = {}): Execution => ({
  text: '',
  endpoint: 'x',
  durationMs: 2,
  waitMs: 1,
  rowCount: 3,
  readBytes: 100,
  hasFailed: false,
  ...change,
});

describe('Fingerprints', () => {
  it('adds up the figures of statements that differ in values only, by endpoint', () => {
    const fingerprints = new Fingerprints(1_000_000);
    const count = (sql: string, endpoint: string, change?: Partial<Execution>) =>
      fingerprints.of(sql).count(execution({ endpoint, ...change }));
    count('SELECT 1', 'GET /a');
    count('SELECT 2', 'GET /a', { durationMs: 5 });
    count('SELECT 3', 'GET /b', { hasFailed: true });
    const [only, ...none] = fingerprints.top(10);
    expect(none).toEqual([]);
    expect(only).toMatchObject({ calls: 3, totalMs: 9, maxMs: 5, waitMs: 3, rowCount: 9, readBytes: 300, errors: 1 });
    expect([...(only?.endpoints ?? [])]).toEqual([
      ['GET /a', 2],
      ['GET /b', 1],
    ]);
  });

  it('holds no long text until it is counted', () => {
    const fingerprints = new Fingerprints(1_000_000);
    const of = jest.spyOn(fingerprints, 'of');
    const facts = { parameters: [], request: undefined, startedAt: 0, rows: undefined, isInTransaction: false };
    const rest = { ...facts, durationMs: 1, waitMs: 0, rowCount: 1, readBytes: 1, plan: undefined, site: undefined, error: undefined };
    fingerprints.add({ text: 'SELECT 1', ...rest });
    expect(of).not.toHaveBeenCalled();
    fingerprints.add({ text: `SELECT '${'x'.repeat(10_000)}'`, ...rest });
    expect(of).toHaveBeenCalledTimes(2);
  });

  it('lists the most time in all first, and not what never finished', () => {
    const fingerprints = new Fingerprints(1_000_000);
    fingerprints.of('SELECT a').count(execution({ durationMs: 1 }));
    fingerprints.of('SELECT b').count(execution({ durationMs: 9 }));
    fingerprints.of('SELECT c').count(execution({ durationMs: 4 }));
    fingerprints.of('SELECT never');
    expect(fingerprints.top(2).map(({ text }) => text)).toEqual(['SELECT b', 'SELECT c']);
  });

  it('keeps its limit when every text is new, and says what made room', () => {
    const fingerprints = new Fingerprints(200_000);
    for (let n = 0; n < 5000; n += 1) fingerprints.of(`SELECT column_${n} FROM t WHERE note = '${'x'.repeat(n % 500)}'`);
    const { bytes, limitBytes, evicted } = fingerprints.memory;
    expect([bytes <= limitBytes, limitBytes, evicted > 4900]).toEqual([true, 200_000, true]);
  });

  it('keeps the one in use, with its figures, while others come and go', () => {
    const fingerprints = new Fingerprints(100_000);
    const first = fingerprints.of('SELECT hot');
    for (let n = 0; n < 1000; n += 1) {
      fingerprints.of(`SELECT column_${n}`);
      fingerprints.of('SELECT hot').count(execution());
    }
    expect(fingerprints.of('SELECT hot')).toBe(first);
    expect(fingerprints.top(1)).toEqual([first]);
    expect(first.calls).toBe(1000);
  });

  it('does not remember more than 10 endpoints and places of one statement', () => {
    const fingerprint = new Fingerprints(100_000).of('SELECT 1');
    for (let n = 0; n < 100; n += 1) {
      fingerprint.count(execution({ endpoint: `GET /${n}` }));
      fingerprint.setSite(`GET /${n}`, 'x'.repeat(1000));
    }
    expect([fingerprint.endpoints.size, fingerprint.endpoints.get('other'), fingerprint.sites.size]).toEqual([11, 90, 10]);
    expect(fingerprint.sites.get('GET /0')).toHaveLength(200);
    expect(fingerprint.hasSite('GET /99')).toBe(true);
  });
});
