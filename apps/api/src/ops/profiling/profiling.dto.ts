import { z } from 'zod';
import { answeredTimestamp, integerParameter, line, numberParameter } from '../../http/schema.js';

const count = z.int().min(0);
const ms = z.number().describe('Milliseconds');
const ratio = z.number().min(0).max(1);
const site = z.string().nullable().describe('The place in the code, `name (path:line)`');

const memory = z
  .object({ bytes: count, limit_bytes: count, evicted: count.describe('What had to make room so far') })
  .meta({ id: 'ProfilerMemory' });

export const profilerStatus = z
  .object({
    is_running: z.boolean(),
    sample_rate: ratio,
    requests: count.describe('Seen since the process began'),
    own_ms: ms.describe('What the profiler itself has cost, estimated'),
    own_us_per_request: z.number().describe('Microseconds'),
    failures: z.object({ listeners: count, plans: count, baselines: count }),
    memory: z.object({ requests: memory, findings: memory, statements: memory, watched: memory }),
  })
  .meta({ id: 'ProfilerStatus' });

const endpointFigures = z
  .object({
    endpoint: z.string().describe('Method and template of the route'),
    requests: count,
    failed: count.describe('Answers of 500 and above'),
    mean_ms: ms,
    p50_ms: ms,
    p95_ms: ms,
    p99_ms: ms,
    max_ms: ms,
    baseline_p95_ms: ms.nullable().describe('What p95 normally is; null until a window had enough requests'),
    queries_per_request: z.number(),
    most_queries: count,
    database_share: ratio.describe('Of the whole time, spent waiting for statements; concurrent ones count once at most'),
    captured: count.describe('Requests captured in full, to which the next two belong'),
    cpu_ms: ms.nullable().describe('Mean time that the event loop was at work while one ran'),
    heap_growth_bytes: z.number().nullable().describe('Mean growth of the shared heap while one ran'),
  })
  .meta({ id: 'EndpointFigures' });
export const endpointList = z
  .object({ endpoints: z.array(endpointFigures).describe('Most time in all first') })
  .meta({ id: 'EndpointList' });

const serverFigures = z.object({
  calls: count,
  total_ms: ms,
  rows: count,
  shared_blocks_hit: count,
  shared_blocks_read: count,
});

const statement = z
  .object({
    fingerprint: z.string(),
    text: z.string().describe('`?` for each value'),
    kind: z.enum(['select', 'write', 'transaction', 'other']),
    calls: count,
    errors: count,
    total_ms: ms,
    mean_ms: ms,
    max_ms: ms,
    wait_ms: ms.describe('Waiting for a connection, in all'),
    rows: count,
    read_bytes: count,
    endpoints: z.array(z.object({ endpoint: z.string(), calls: count, site })),
    server: serverFigures.nullable().describe('From `pg_stat_statements`, of all processes; null when it does not know the statement'),
  })
  .meta({ id: 'ProfiledStatement' });
export const statementList = z
  .object({
    statements: z.array(statement).describe('Most time in all first'),
    has_server_figures: z.boolean().describe('Whether the server has `pg_stat_statements`'),
  })
  .meta({ id: 'ProfiledStatementList' });

export const limitQuery = z.object({ limit: integerParameter(1, 500).optional().describe('50 unless told') });
export type LimitQuery = z.output<typeof limitQuery>;

const findingKind = z.enum([
  'n-plus-one', 'duplicate-query', 'slow-query', 'missing-index', 'uncached', 'over-fetching', 'slow-endpoint', 'regression', 'unseen-query',
]); // prettier-ignore

const planNode = z
  .object({
    node: z.string(),
    table: z.string().optional(),
    index: z.string().optional(),
    filter: z.string().optional(),
    condition: z.string().optional(),
    sort_key: z.array(z.string()).optional(),
    planned_rows: z.number(),
    total_cost: z.number(),
    actual_rows: z.number().optional(),
    removed_rows: z.number().optional(),
    get children() {
      return z.array(planNode);
    },
  })
  .meta({ id: 'PlanNode' });

const finding = z
  .object({
    id: z.string(),
    kind: findingKind,
    endpoint: z.string(),
    title: z.string(),
    fix: z.string().describe('What mends it'),
    sql: z.string().nullable().describe('A statement that mends it, to be run as it stands'),
    statement: z.object({ fingerprint: z.string(), text: z.string() }).nullable(),
    site,
    figures: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
    plan: planNode.nullable(),
    occurrences: count,
    first_seen_at: answeredTimestamp,
    last_seen_at: answeredTimestamp,
    request_ids: z.array(z.string()),
  })
  .meta({ id: 'Finding' });
export const findingList = z.object({ findings: z.array(finding).describe('Last seen first') }).meta({ id: 'FindingList' });

export const findingQuery = z.object({ kind: findingKind.optional(), endpoint: line(300).optional() });
export type FindingQuery = z.output<typeof findingQuery>;

const because = z.enum(['sampled', 'slow', 'failed', 'wanted']);

const requestSummary = {
  request_id: z.string(),
  endpoint: z.string(),
  status: z.int(),
  started_at: answeredTimestamp,
  duration_ms: ms.describe('From the first middleware until the answer had left'),
  because: z.array(because).describe('Why it is kept'),
  query_count: count,
  query_ms: ms,
  cache_ms: ms,
};
export const requestList = z
  .object({ requests: z.array(z.object(requestSummary).meta({ id: 'RequestSummary' })).describe('Newest first') })
  .meta({ id: 'RequestList' });

export const requestQuery = z.object({
  ...limitQuery.shape,
  endpoint: line(300).optional(),
  because: because.optional(),
  min_ms: numberParameter(0, 86_400_000).optional().describe('Not faster than this'),
});
export type RequestQuery = z.output<typeof requestQuery>;

export const requestId = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);

const step = z
  .object({
    kind: z.enum(['wait', 'query', 'cache', 'span', 'handler', 'serialise']),
    name: z.string(),
    at_ms: ms.describe('After the request began'),
    duration_ms: ms,
    depth: count.describe('How many steps it lies within'),
    query: z
      .object({
        fingerprint: z.string(),
        rows: count,
        read_bytes: count,
        is_in_transaction: z.boolean(),
        error_code: z.string().nullable(),
        parameters: z
          .array(z.object({ type: z.string(), mark: z.string().describe('Equal for equal values; not the value') }))
          .nullable()
          .describe('null unless captured in full'),
        site,
      })
      .nullable(),
  })
  .meta({ id: 'ProfileStep' });

export const requestProfile = z
  .object({
    ...requestSummary,
    is_full: z.boolean().describe('Whether parameters, places and figures of the process were captured'),
    wait_ms: ms.describe('Waiting for connections'),
    serialise_ms: ms.nullable(),
    rows: count,
    read_bytes: count.describe('Sent by the database'),
    body_bytes: count.describe('Of the answer, before compression'),
    process: z
      .object({ cpu_ms: ms, heap_growth_bytes: z.number(), gc_ms: ms, loop_delay_ms: ms })
      .nullable()
      .describe('The whole process while it ran; other requests are in it'),
    steps: z.array(step).describe('The waterfall, in the order of their beginning'),
    dropped: count.describe('Steps beyond what one request may keep'),
    findings: z.array(z.object({ id: z.string(), kind: findingKind, title: z.string() })),
  })
  .meta({ id: 'RequestProfile' });
