import { z } from 'zod';
import { cacheTypes, type CacheTypeName } from '../../cache/cache-types.js';
import { integerParameter, line } from '../../http/schema.js';

const count = z.int().min(0);
const ms = z.number().describe('Milliseconds');
const ratio = z.number().min(0).max(1);
const typeName = z.enum(Object.keys(cacheTypes) as [CacheTypeName, ...CacheTypeName[]]);

const layerFigures = z
  .object({ hits: count, stale: count, misses: count, fills: count, filled_bytes: count.describe('Of all that was stored so far') })
  .meta({ id: 'CacheLayerFigures' });

const typeFigures = z
  .object({
    type: z.string(),
    reads: count,
    hit_ratio: ratio.describe('Reads that a layer answered, of all'),
    l1: layerFigures,
    l2: layerFigures,
    entries: count.describe('In L1 now'),
    bytes: count.describe('Of those, estimated'),
    evictions: count,
    loads: count,
    load_ms: ms.describe('Milliseconds that they took together'),
    load_errors: count,
    waits: count.describe('Reads that joined the load of another one'),
    stale_if_error: count.describe('Old values answered since loading failed'),
    negative_hits: count.describe('"There is none", from the cache'),
    fenced: count.describe('Values not kept, since an invalidation came while they were loaded'),
    bypasses: count.describe('Loads whose value may not be kept at the moment'),
    unserialisable: count,
    corrupt: count.describe('Entries of Redis that could not be read'),
  })
  .meta({ id: 'CacheTypeFigures' });

const sharedFigures = z
  .object({
    circuit: z.enum(['closed', 'open', 'settling']),
    openings: count.describe('How often the circuit has opened'),
    commands: count,
    errors: count,
    timeouts: count,
    refused_when_full: count.describe('Values not stored, since its memory was full'),
    pending_invalidations: count.describe('What Redis has still to be told'),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'CacheSharedFigures' });

const backplaneFigures = z
  .object({
    is_attached: z.boolean(),
    peers: count.describe('Other replicas that listen'),
    received: count,
    gaps: count,
    losses: count,
    unacknowledged: count.describe('Removals that not every replica had applied in time'),
    lag_ms: ms,
    sequence: count,
  })
  .meta({ id: 'CacheBackplaneFigures' });

const redisFigures = z
  .object({
    keyspace_hits: count,
    keyspace_misses: count,
    hit_rate: z.number().min(0).max(100).describe('Percent of all look-ups, whoever made them'),
    used_memory: count.describe('Bytes'),
    connected_clients: count,
    total_commands_processed: count,
  })
  .meta({ id: 'RedisFigures' });

export const cacheStats = z
  .object({
    types: z.array(typeFigures),
    l1: z.object({ entries: count, bytes: count, max_bytes: count, evictions: count }),
    l2: sharedFigures.nullable().describe('null without Redis'),
    backplane: backplaneFigures.nullable().describe('null without Redis'),
    redis: redisFigures.nullable().describe('null without Redis, and while it does not answer'),
  })
  .meta({ id: 'CacheStats' });
export type CacheStatsView = z.output<typeof cacheStats>;

export const keysQuery = z.object({
  pattern: line(300).optional().describe('A glob, such as `prod:4?:*`; everything unless told'),
  limit: integerParameter(1, 1000).optional().describe('100 unless told'),
});
export type KeysQuery = z.output<typeof keysQuery>;

export const keyList = z
  .object({
    keys: z.array(z.object({ key: z.string(), type: z.string().nullable() })),
    is_complete: z.boolean().describe('false: there are more, narrow the pattern'),
  })
  .meta({ id: 'CacheKeyList' });

export const explainQuery = z.object({ key: line(500).describe('As `GET /cache/keys` lists it') });
export type ExplainQuery = z.output<typeof explainQuery>;

const aging = { age_ms: ms.nullable(), fresh_for_ms: ms.nullable(), bytes: count.nullable() };
const dependency = z.object({
  name: z.string().describe('`t:` a tag, `p:` a prefix of the key'),
  removed_at: count.nullable().describe('Sequence of its newest removal; null: not known any more'),
  expired_at: count.nullable(),
});

export const cacheExplanation = z
  .object({
    key: z.string(),
    type: z.string().nullable(),
    l1: z.object({ state: z.enum(['fresh', 'stale', 'absent']), ...aging }),
    l2: z.object({
      state: z.enum(['fresh', 'stale', 'absent', 'ended', 'away', 'none']).describe('`ended`: invalidated; `none`: there is no Redis'),
      ...aging,
      sequence: count.nullable().describe('Invalidations counted when it was read from its source'),
      names: z.array(dependency).describe('What ends it'),
    }),
    is_loading: z.boolean(),
    decision: z.enum(['L1 hit', 'L1 stale', 'L2 hit', 'L2 stale', 'wait', 'load']).describe('What a read would do now'),
  })
  .meta({ id: 'CacheExplanation' });
export type CacheExplanation = z.output<typeof cacheExplanation>;

const verb = z
  .enum(['remove', 'expire'])
  .default('remove')
  .describe('`remove`: never answered again; `expire`: may be answered once more while it is loaded, within its grace');

export const invalidation = z
  .union(
    [
      z.strictObject({ tags: z.array(line(200)).min(1).max(100), verb }),
      z.strictObject({ pattern: line(300).describe('A key, a prefix (`prod:42:*`), or any glob, which is a scan'), verb }),
      z.strictObject({ type: typeName, verb }),
    ],
    'must name exactly one of tags, pattern and type; verb is remove or expire',
  )
  .meta({ id: 'CacheInvalidation', examples: [{ tags: ['product:42'] }, { type: 'product_list', verb: 'expire' }] });
export type CacheInvalidation = z.output<typeof invalidation>;

export const warmUpReport = z
  .object({
    loaded: count.describe('Answers that were not there'),
    cached: count.describe('Answers that were there already'),
    failed: count,
    skipped: count.describe('Left out, since the time was over'),
    duration_ms: ms,
  })
  .meta({ id: 'CacheWarmUp' });
export type WarmUpReport = z.output<typeof warmUpReport>;

export const invalidated = z
  .object({
    verb: z.enum(['remove', 'expire']),
    keys: count.nullable().describe('How many keys a scan has found; null: a tag, a type or a prefix is ended without counting'),
  })
  .meta({ id: 'CacheInvalidated' });
