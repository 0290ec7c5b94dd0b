import { startProfiler, tellQuery, tellRequest } from '../../test/facts.js';
import type { Profiler } from '../profiler.js';
import type { StoredFinding } from './finding.js';

let profiler: Profiler;
beforeEach(async () => {
  profiler = await startProfiler();
});
afterEach(() => profiler.onApplicationShutdown());

const found = (work: () => void): StoredFinding[] => {
  tellRequest({ id: 'r', work });
  return profiler.findings();
};
const kinds = (work: () => void): string[] => found(work).map(({ kind }) => kind);
const authors = 'SELECT * FROM authors WHERE id = $1';
const readAuthor = (id: number, change = {}): void => tellQuery({ text: authors, parameters: [id], ...change });
const times = (count: number, tell: (n: number) => void): void => Array.from({ length: count }, (_, n) => n).forEach(tell);

describe('N+1', () => {
  it('is a statement that comes five times with varying parameters, and no fewer', () => {
    expect(kinds(() => times(4, readAuthor))).toEqual([]);
    expect(kinds(() => times(5, readAuthor))).toEqual(['n-plus-one']);
  });

  it('is found with its place, count, time, and the join that would replace it', () => {
    const [finding] = found(() => {
      tellQuery({ text: 'SELECT * FROM posts LIMIT $1', parameters: [20], rowCount: 20 });
      times(20, (n) => readAuthor(n, { startedAt: 10 + 2 * n, durationMs: 1.5 }));
    });
    expect(finding).toMatchObject({
      kind: 'n-plus-one',
      endpoint: 'GET /things',
      title: '20 statements that differ in their values only',
      statement: { text: 'SELECT * FROM authors WHERE id = ?' },
      site: expect.stringMatching(/libs\/profiling\/test\/facts\.ts:\d+\)?$/),
      figures: { count: 20, distinct_parameters: 20, total_ms: 30, is_concurrent: false },
      requestIds: ['r'],
    });
    expect(finding?.fix).toBe(
      'Join authors (ON authors.id = …) in the statement that gave the 20 rows of posts (TypeORM: relations or leftJoinAndSelect),' +
        ' or load all of them with one statement instead of 20: … FROM authors WHERE id = ANY($1).',
    );
  });

  it('is found when the statements run at once, also when they wait for one connection', () => {
    const [parallel] = found(() => times(5, (n) => readAuthor(n, { startedAt: 1, durationMs: 9 })));
    expect(parallel?.figures['is_concurrent']).toBe(true);
    const [queued] = found(() => times(5, (n) => readAuthor(n, { startedAt: 10 * n, durationMs: 9, waitMs: 10 * n })));
    expect(queued?.figures['is_concurrent']).toBe(true);
  });

  it('tells writes to be one write', () => {
    const [finding] = found(() => times(6, (n) => tellQuery({ text: 'INSERT INTO lines (n) VALUES ($1)', parameters: [n] })));
    expect(finding?.fix).toContain('Write to lines with one statement instead of 6');
  });

  it('sees through values in the text and lists of different lengths', () => {
    expect(kinds(() => times(5, (n) => tellQuery({ text: `SELECT * FROM t WHERE id IN (${'1,'.repeat(n)}1)`, parameters: [n] })))).toEqual([
      'n-plus-one',
    ]);
  });

  it('is not what controls transactions, nor the same statement in different requests', () => {
    expect(kinds(() => times(20, () => tellQuery({ text: 'START TRANSACTION' })))).toEqual([]);
    times(20, (n) => tellRequest({ work: () => readAuthor(n) }));
    expect(profiler.findings()).toEqual([]);
  });

  it('needs parameters to compare: a request that was not captured in full is not judged', async () => {
    await profiler.onApplicationShutdown();
    profiler = await startProfiler({ sampleRate: 0 });
    expect(kinds(() => times(20, readAuthor))).toEqual([]);
  });

  it('begins where the application says', async () => {
    await profiler.onApplicationShutdown();
    profiler = await startProfiler({ repeatedQueries: 3 });
    expect(kinds(() => times(3, readAuthor))).toEqual(['n-plus-one']);
  });
});

describe('duplicate query', () => {
  it('is a read with parameters that it had before in the request', () => {
    const [finding] = found(() => {
      readAuthor(1, { durationMs: 2 });
      readAuthor(2);
      readAuthor(1, { durationMs: 3 });
    });
    expect(finding).toMatchObject({
      kind: 'duplicate-query',
      title: 'A statement asked 1 time more for what was known already',
      figures: { count: 3, repeated: 1, wasted_ms: 3 },
      site: expect.stringMatching(/libs\/profiling\/test\/facts\.ts:\d+\)?$/),
    });
  });

  it('is not a read after a write, which may give something else', () => {
    const write = (): void => tellQuery({ text: 'UPDATE authors SET n = $1', parameters: [1] });
    expect(kinds(() => [() => readAuthor(1), write, () => readAuthor(1)].forEach((tell) => tell()))).toEqual([]);
  });

  it('is neither a write nor a transaction that comes again', () => {
    expect(
      kinds(() =>
        times(3, () => {
          tellQuery({ text: 'START TRANSACTION' });
          tellQuery({ text: 'UPDATE t SET n = n + $1', parameters: [1] });
        }),
      ),
    ).toEqual([]);
  });

  it('may be found beside an N+1 of the same statement', () => {
    expect(kinds(() => times(10, (n) => readAuthor(n % 5))).toSorted()).toEqual(['duplicate-query', 'n-plus-one']);
  });

  it('tells same values of other statements apart', () => {
    expect(
      kinds(() => {
        tellQuery({ text: 'SELECT a FROM t WHERE id = $1', parameters: [1] });
        tellQuery({ text: 'SELECT b FROM t WHERE id = $1', parameters: [1] });
      }),
    ).toEqual([]);
  });
});

describe('a finding', () => {
  it('is kept once, with how often and when it was seen and its last five requests', () => {
    times(8, (n) => tellRequest({ id: `r${n}`, work: () => times(5 + n, readAuthor) }));
    const [finding, ...others] = profiler.findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ occurrences: 8, figures: { count: 12 }, requestIds: ['r7', 'r6', 'r5', 'r4', 'r3'] });
  });

  it('is another one at another endpoint', () => {
    for (const endpoint of ['GET /a', 'GET /b']) tellRequest({ endpoint, work: () => times(5, readAuthor) });
    expect(profiler.findings().map(({ endpoint }) => endpoint)).toEqual(['GET /b', 'GET /a']);
  });
});
