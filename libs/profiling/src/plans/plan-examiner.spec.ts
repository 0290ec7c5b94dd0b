import { never, startProfiler, TestClock, tellQuery, tellRequest } from '../../test/facts.js';
import type { Profiler } from '../profiler.js';
import type { ProfilingOptions } from '../profiling.options.js';

const plan = {
  Plan: { 'Node Type': 'Seq Scan', 'Relation Name': 'orders', 'Plan Rows': 5, 'Total Cost': 900, Filter: '(user_id = 42)' },
};
const executed = { Plan: { ...plan.Plan, 'Actual Rows': 5, 'Actual Loops': 1, 'Rows Removed by Filter': 99_995 } };
const indexed = {
  Plan: { 'Node Type': 'Index Scan', 'Relation Name': 'orders', 'Index Name': '<123>btree_orders', 'Plan Rows': 5, 'Total Cost': 9 },
};

/** A server that answers what the examiner asks, and remembers it. */
class TestServer {
  readonly asked: string[] = [];
  readonly parameters: unknown[] = [];
  sessions = 0;
  hasHypopg = true;
  hasIndex = false;
  isDown = false;
  after: object = indexed;
  private isTrying = false;

  open: NonNullable<ProfilingOptions['openSession']> = async () => {
    if (this.isDown) throw new Error('away');
    this.sessions += 1;
    return {
      query: async <Row>(text: string, parameters: readonly unknown[] = []) => this.answer(text, parameters) as Row[],
      close: async () => void (this.sessions -= 1),
    };
  };

  private answer(text: string, parameters: readonly unknown[]): unknown[] {
    this.asked.push(text);
    if (text.startsWith('EXPLAIN')) {
      this.parameters.push(...parameters);
      return [{ 'QUERY PLAN': [this.isTrying ? this.after : plan] }];
    }
    if (text.includes('pg_extension')) return this.hasHypopg ? [{}] : [];
    if (text.includes('reltuples')) return [{ name: 'orders', rows: 100_000 }];
    if (text.includes('pg_get_indexdef'))
      return this.hasIndex ? [{ definition: 'CREATE INDEX x ON public.orders USING btree (user_id)' }] : [];
    if (text.includes('hypopg_create_index') && parameters[0] === 'CREATE INDEX ON orders USING gin (x)')
      throw new Error('unknown access method');
    this.isTrying = text.includes('hypopg_create_index') || (this.isTrying && !text.includes('hypopg_reset'));
    return [];
  }
}

let server: TestServer;
let clock: TestClock;
let profiler: Profiler;
const start = async (options: Partial<ProfilingOptions> = {}): Promise<void> => {
  await profiler?.onApplicationShutdown();
  profiler = await startProfiler({ openSession: server.open, clock, slowQueryMs: 100, ...options });
};
beforeEach(() => {
  server = new TestServer();
  clock = new TestClock();
  return start();
});
afterAll(() => profiler.onApplicationShutdown());

const text = 'SELECT * FROM orders WHERE user_id = $1';
async function slow(change: Parameters<typeof tellQuery>[0] | object = {}) {
  tellRequest({ id: 'r', work: () => tellQuery({ text, parameters: [42], durationMs: 150, ...change }) });
  await profiler.settle();
  return profiler.findings();
}
const kinds = async (change = {}) => (await slow(change)).map(({ kind }) => kind).toSorted();

describe('a slow statement', () => {
  it('is found from the threshold on', async () => {
    expect(await kinds({ durationMs: 99.9 })).toEqual([]);
    const [finding] = (await slow()).filter(({ kind }) => kind === 'slow-query');
    expect(finding).toMatchObject({
      endpoint: 'GET /things',
      statement: { text: 'SELECT * FROM orders WHERE user_id = ?' },
      figures: { duration_ms: 150, threshold_ms: 100, rows: 1 },
      requestIds: ['r'],
      occurrences: 1,
    });
  });

  it('has the plan of that very execution when it came along, and is not explained again', async () => {
    server.hasHypopg = false;
    const [finding] = (await slow({ plan: JSON.stringify(executed) })).filter(({ kind }) => kind === 'slow-query');
    expect(finding).toMatchObject({ plan: { node: 'Seq Scan', actualRows: 5, removedRows: 99_995, filter: '(user_id = ?)' } });
    expect(finding?.fix).toBe('Make the index that the missing-index finding of this statement names.');
    expect(server.asked.filter((asked) => asked.startsWith('EXPLAIN'))).toEqual([]);
  });

  it('is explained without being executed when no plan came along', async () => {
    const [finding] = (await slow()).filter(({ kind }) => kind === 'slow-query');
    expect(finding).toMatchObject({ plan: { node: 'Seq Scan', plannedRows: 5 }, occurrences: 1 });
    expect(server.asked.some((asked) => /ANALYZE/i.test(asked))).toBe(false);
    expect(server.asked).toContain(`EXPLAIN (FORMAT JSON) ${text}`);
    expect(server.asked[0]).toContain('default_transaction_read_only = on');
  });

  it('names the node that costs most when no index would help', async () => {
    server.after = plan;
    const sort = {
      Plan: { 'Node Type': 'Sort', 'Total Cost': 950, 'Plan Rows': 5, Plans: [{ ...executed.Plan, Filter: '(a = 1) OR (b = 2)' }] },
    };
    const [finding] = await slow({ plan: JSON.stringify(sort) });
    expect(finding?.fix).toBe(
      'Most of its cost is the Seq Scan on orders, which checks (a = ?) OR (b = ?) row by row: read fewer rows there, or fewer columns, or keep the result.',
    );
  });

  it.each([
    ['was not captured in full', { sampleRate: 0.5, random: never }, {}],
    ['controls a transaction', {}, { text: 'COMMIT' }],
    ['is neither a read nor a write', {}, { text: 'VACUUM orders' }],
    ['failed', {}, { error: new Error('no') }],
  ])('is found but not explained when it %s', async (_, options, change) => {
    await start(options);
    expect([await kinds(change), server.asked]).toEqual([['slow-query'], []]);
  });

  it('is looked at once in ten minutes', async () => {
    await slow();
    const asked = server.asked.length;
    await slow();
    expect(server.asked).toHaveLength(asked);
    clock.advance(600_000);
    await slow();
    expect(server.asked.length).toBeGreaterThan(asked);
  });

  it('leaves no session open, also when the server fails', async () => {
    await slow();
    expect(server.sessions).toBe(0);
    server.isDown = true;
    expect(await kinds({ text: 'SELECT 1 FROM other' })).toContain('slow-query');
    expect(profiler.status().failures.plans).toBe(1);
  });

  it('keeps no value of it', async () => {
    await slow({ parameters: ['ana@example.com'] });
    expect(server.parameters).toContain('ana@example.com');
    expect(JSON.stringify([profiler.findings(), profiler.requests(), profiler.queries(10)])).not.toContain('ana@');
  });
});

describe('a missing index', () => {
  const index = async (change = {}) => (await slow(change)).find(({ kind }) => kind === 'missing-index');

  it('is advised with the statement that makes it and the gain that the planner sees in it', async () => {
    expect(await index()).toMatchObject({
      title: '100000 rows of orders are read to find 5',
      sql: 'CREATE INDEX CONCURRENTLY ON orders (user_id)',
      fix: 'Make this index. The planner would use it, and its cost falls from 900 to 9, by a factor of 100.',
      figures: { scanned_rows: 100_000, found_rows: 5, is_tried: true, cost_before: 900, cost_after: 9 },
    });
    expect(server.asked.at(-1)).toBe('SELECT hypopg_reset()');
  });

  it('is advised untried, and says why, without HypoPG', async () => {
    server.hasHypopg = false;
    const advice = await index();
    expect(advice?.fix).toMatch(/^Make this index. Not tried: this server does not have the HypoPG extension \(Debian: package/);
    expect(advice?.figures).toEqual({ scanned_rows: 100_000, found_rows: 5, is_tried: false });
  });

  it('is advised untried from the plan alone when there is no session', async () => {
    await start({ openSession: undefined as never });
    expect((await index({ plan: JSON.stringify(executed) }))?.fix).toContain('Not tried: the profiler was given no session');
  });

  it.each([
    ['the planner would not use it', () => (server.after = plan)],
    ['it would gain little', () => (server.after = { Plan: { ...indexed.Plan, 'Total Cost': 800 } })],
    ['the table has one that begins like it', () => (server.hasIndex = true)],
  ])('is not advised when %s', async (_, prepare) => {
    prepare();
    expect(await index()).toBeUndefined();
  });
});
