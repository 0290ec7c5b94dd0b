import { Cache } from '@app/cache';
import { systemClock } from '@app/common';
import { DatabaseProbe } from '@app/database';
import { CacheMetrics, ConnectionMetrics, memoryLimitBytes } from '@app/monitoring';
import { RateLimitService } from '@app/rate-limit';
import { Injectable } from '@nestjs/common';
import { performance } from 'node:perf_hooks';
import type { PerformanceReport } from './performance.dto.js';
import { RecentTraffic, type Traffic } from './recent-traffic.js';

const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits));
const inMs = (seconds: number | undefined): number | null => (seconds === undefined ? null : rounded(seconds * 1000));

/** How this process is and how fast it has been. Reads what others keep; asks nobody. */
@Injectable()
export class PerformanceService {
  private readonly memoryLimit = memoryLimitBytes();

  constructor(
    private readonly traffic: RecentTraffic,
    private readonly cache: Cache,
    private readonly cacheMetrics: CacheMetrics,
    private readonly database: DatabaseProbe,
    private readonly limiter: RateLimitService,
  ) {}

  report(connections: ConnectionMetrics): PerformanceReport {
    const traffic = this.traffic.read(systemClock.monotonic());
    return {
      cache: this.cacheReport(traffic),
      database: this.databaseReport(traffic),
      http: httpReport(traffic, connections.requestsInFlight),
      runtime: runtimeReport(this.memoryLimit),
      load: this.loadReport(),
    };
  }

  private cacheReport({ cacheReads, cacheAnswered }: Traffic) {
    return {
      hit_rate: cacheReads === 0 ? 0 : rounded(cacheAnswered / cacheReads, 4),
      total_operations: this.cacheMetrics.totals.reads,
      memory_usage: this.cache.figures().l1.bytes,
    };
  }

  private databaseReport({ queries, querySeconds }: Traffic) {
    const { size, idle, waiting } = this.database.poolFigures();
    const average = queries === 0 ? undefined : querySeconds / queries;
    return { active_connections: size - idle, query_time_avg: inMs(average), idle_connections: idle, waiting };
  }

  private loadReport() {
    const { loadLevel, concurrency, shared } = this.limiter.stats();
    const { limit, inFlight, waiting } = concurrency;
    return {
      level: loadLevel,
      concurrency_limit: limit,
      in_flight: inFlight,
      queued: waiting,
      is_limiting_alone: shared?.isAway ?? false,
    };
  }
}

function httpReport({ elapsedMs, requests, serverErrors, latency }: Traffic, inFlight: number) {
  return {
    requests_per_second: elapsedMs === 0 ? 0 : rounded((requests / elapsedMs) * 1000, 2),
    error_ratio: requests === 0 ? 0 : rounded(serverErrors / requests, 4),
    p50_ms: inMs(latency(0.5)),
    p95_ms: inMs(latency(0.95)),
    p99_ms: inMs(latency(0.99)),
    in_flight: inFlight,
  };
}

function runtimeReport(memoryLimit: number) {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpu_seconds: rounded((user + system) / 1e6, 2),
    uptime_seconds: rounded(process.uptime(), 1),
    rss_bytes: rss,
    heap_used_bytes: heapUsed,
    memory_limit_bytes: memoryLimit,
    event_loop_utilization: rounded(performance.eventLoopUtilization().utilization, 4),
  };
}
