import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRunbook } from '../links.js';
import { graph, stacked, stat } from '../panels.js';
import { most, quantile, rate, scope, total } from '../queries.js';

const reads = 'cache_operations_total';
const answered = `${scope}, result=~"hit|stale|negative"`;
const hits = (labels = ''): string => `${rate(reads, labels, answered)} / ${rate(reads, labels)}`;

const ratios = [
  stat({
    title: 'Hits',
    description: 'Share of the reads that a layer answered: fresh, stale within its grace, or "there is none".',
    unit: 'percentunit',
    queries: { hits: hits() },
    limits: [0.95, 0.8],
    height: 8,
    links: [toRunbook('CacheHitRateLow')],
  }),
  stat({
    title: 'Reads',
    description: 'Reads of the cache a second.',
    unit: 'ops',
    queries: { reads: rate(reads) },
    height: 8,
  }),
  stat(
    {
      title: 'Redis',
      description: 'Whether every replica reaches it. Without it each caches by itself, and the database carries more.',
      unit: 'none',
      queries: { '{{server}}': `min by (server) (redis_up{${scope}})` },
      limits: [1, 0.5],
      height: 8,
      links: [toRunbook('RedisDown')],
    },
    { 0: 'down', 1: 'up' },
  ),
  graph({
    title: 'Hits by layer',
    description: 'Of all reads, the share that the memory of the process (l1) and Redis (l2) answered.',
    unit: 'percentunit',
    queries: { '{{layer}}': `${rate(reads, 'layer', answered)} / on () group_left () ${rate(reads)}` },
    max: 1,
    width: 12,
    links: [toRunbook('CacheHitRateLow')],
  }),
  graph({
    title: 'Hits by type',
    description: 'Which kind of value is found. What changes often, or is asked for once, is found seldom.',
    unit: 'percentunit',
    queries: { '{{type}}': hits('type') },
    max: 1,
    width: 12,
    links: [toRunbook('CacheHitRateLow')],
  }),
  stacked({
    title: 'Reads by result',
    description: 'A second. `wait`: another request was loading already; `bypass`: the cache was not asked; `error`: it could not answer.',
    unit: 'ops',
    queries: { '{{result}}': rate(reads, 'result') },
    width: 12,
  }),
];

const loads = [
  graph({
    title: 'Loads',
    description: 'Values a second that no layer had, by type.',
    unit: 'ops',
    queries: { '{{type}}': rate('cache_load_duration_seconds_count', 'type') },
    width: 12,
    links: [toDashboard('database')],
  }),
  graph({
    title: 'Time of a load, 95th percentile',
    description: 'What a miss costs, by type.',
    unit: 's',
    queries: { '{{type}}': quantile(0.95, 'cache_load_duration_seconds', 'type') },
    width: 12,
    links: [toDashboard('database')],
  }),
];

const memory = [
  graph({
    title: 'L1 bytes',
    description: 'What each process holds, and what it may.',
    unit: 'bytes',
    queries: { '{{instance}}': most('cache_l1_bytes', 'instance'), most: most('cache_l1_max_bytes') },
    links: [toRunbook('CacheHitRateLow')],
  }),
  graph({
    title: 'L1 entries',
    description: 'Values in the memory of each process.',
    unit: 'short',
    queries: { '{{instance}}': total('cache_l1_entries', 'instance') },
  }),
  graph({
    title: 'L1 evictions',
    description: 'Entries a second that made room for others. Many, with few hits: CACHE_L1_BYTES is too small.',
    unit: 'ops',
    queries: { '{{instance}}': rate('cache_l1_evictions_total', 'instance') },
    links: [toRunbook('CacheHitRateLow')],
  }),
];

const redis = [
  stacked({
    title: 'Circuit',
    description: 'How many replicas ask Redis (closed), do not (open), or try it again (settling).',
    unit: 'short',
    queries: { '{{state}}': total('cache_circuit', 'state') },
    links: [toRunbook('RedisDown')],
  }),
  graph({
    title: 'Lag of the backplane',
    description: 'How long an invalidation takes to the other replicas, the slowest of them.',
    unit: 's',
    queries: { lag: most('cache_backplane_lag_seconds') },
    links: [toRunbook('RedisDown')],
  }),
  graph({
    title: 'Invalidations that wait, replicas that listen',
    description: 'Invalidations that Redis has still to be told, and replicas that hear those of others.',
    unit: 'short',
    queries: { waiting: total('cache_pending_invalidations'), listening: total('cache_backplane_attached') },
    links: [toRunbook('RedisDown')],
  }),
];

const stores = [
  graph({
    title: 'Memory of Redis',
    description: 'What each server uses, and what it may where it has a limit. A full one evicts (cache), or refuses writes (state).',
    unit: 'bytes',
    queries: {
      '{{server}}': most('redis_memory_used_bytes', 'server'),
      'most {{server}}': most('redis_memory_max_bytes', 'server'),
    },
    width: 12,
    links: [toRunbook('RedisDown')],
  }),
  graph({
    title: 'Keys in Redis',
    description: 'Values and tags of the cache; sessions, limits and their like in the state.',
    unit: 'short',
    queries: { '{{server}}': most('redis_keys', 'server') },
    width: 12,
    links: [toRunbook('RedisDown')],
  }),
];

export const cache = () =>
  dashboardOf('cache', 'What the cache answers, what a miss costs, what it holds, and how it stands with Redis.', application, [
    ['Hits', ratios],
    ['Loads', loads],
    ['Memory of the process (L1)', memory],
    ['Redis (L2)', redis],
    ['What Redis holds', stores],
  ]);
