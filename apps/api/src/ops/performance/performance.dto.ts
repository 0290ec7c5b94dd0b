import { loadLevels } from '@app/rate-limit';
import { z } from 'zod';

const count = z.int().min(0);
const bytes = z.number().min(0).describe('Bytes');
const ms = z.number().min(0).nullable().describe('Milliseconds; null: nothing was measured');
const ratio = z.number().min(0);

export const performanceReport = z
  .object({
    cache: z.object({
      hit_rate: ratio.describe('0 to 1, of the last five minutes; 0 without reads'),
      total_operations: count.describe('Reads since the process began'),
      memory_usage: bytes.describe('Bytes in the memory of the process'),
    }),
    database: z.object({
      active_connections: count.describe('Of the pool, in use now'),
      query_time_avg: ms.describe('Milliseconds, of the statements of the last five minutes; null without any'),
      idle_connections: count,
      waiting: count.describe('Callers that wait for a connection'),
    }),
    http: z.object({
      requests_per_second: ratio.describe('Of the last five minutes, as what follows'),
      error_ratio: ratio.describe('Answers of 500 and above'),
      p50_ms: ms,
      p95_ms: ms,
      p99_ms: ms,
      in_flight: count,
    }),
    runtime: z.object({
      cpu_seconds: z.number().min(0).describe('Since the process began'),
      uptime_seconds: z.number().min(0),
      rss_bytes: bytes,
      heap_used_bytes: bytes,
      memory_limit_bytes: bytes,
      event_loop_utilization: ratio.describe('0 to 1, since the process began'),
    }),
    load: z.object({
      level: z.enum(loadLevels),
      concurrency_limit: count,
      in_flight: count.describe('As the limiter counts them'),
      queued: count,
      is_limiting_alone: z.boolean().describe('Redis is away'),
    }),
  })
  .meta({ id: 'PerformanceReport' });
export type PerformanceReport = z.output<typeof performanceReport>;
