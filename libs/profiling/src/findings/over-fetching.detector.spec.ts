import { startProfiler, tellQuery, tellRequest } from '../../test/facts.js';
import type { Profiler } from '../profiler.js';

let profiler: Profiler;
beforeEach(async () => {
  profiler = await startProfiler({ overFetchBytes: 10_000, overFetchRatio: 10 });
});
afterEach(() => profiler.onApplicationShutdown());

interface Told {
  readonly readBytes?: number;
  readonly rowCount?: number;
  readonly bodyBytes?: number;
  readonly status?: number;
  readonly endpoint?: string;
  readonly text?: string;
}

function found({
  readBytes = 100_000,
  rowCount = 1000,
  bodyBytes = 500,
  status = 200,
  endpoint = 'GET /t',
  text = 'SELECT * FROM t',
}: Told) {
  const work = (context: { bodyBytes: number }): void => {
    tellQuery({ text, readBytes, rowCount });
    tellQuery({ text: 'SELECT 1', readBytes: 10 });
    context.bodyBytes = bodyBytes;
  };
  tellRequest({ endpoint, status, work });
  return profiler.findings();
}

describe('over-fetching', () => {
  it('is much read and little sent: too many rows', () => {
    const [finding] = found({});
    expect(finding).toMatchObject({
      kind: 'over-fetching',
      title: '100010 bytes are read to send 500',
      fix: 'Let the database choose: this statement gives 1000 rows of 100 bytes. Add a LIMIT or a condition, or aggregate in SQL.',
      statement: { text: 'SELECT * FROM t' },
      figures: { read_bytes: 100_010, sent_bytes: 500, rows: 1000 },
    });
  });

  it('is much read and little sent: too wide columns', () => {
    expect(found({ rowCount: 2 })[0]?.fix).toContain('Name the columns that the answer needs');
  });

  it.each([
    ['most of it is sent', { bodyBytes: 20_000 }],
    ['little is read', { readBytes: 9000, bodyBytes: 10 }],
    ['the answer is a refusal', { status: 404 }],
    ['the answer has no body', { bodyBytes: 0 }],
    ['the answer is 304', { status: 304 }],
    ['the request writes', { endpoint: 'POST /t' }],
    ['what came back is not of a read', { text: 'INSERT INTO t SELECT 1 RETURNING *' }],
  ])('is nothing when %s', (_, told) => {
    expect(found(told)).toEqual([]);
  });
});
