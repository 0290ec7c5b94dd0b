import { Cache, type CacheStats, type Explanation } from '@app/cache';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { cacheTypes } from '../../cache/cache-types.js';
import type { CacheInvalidation, KeysQuery, WarmUpReport } from './cache.dto.js';
import { scanNotPossible } from './cache.problems.js';
import { WarmUpService } from './warm-up.service.js';

const fewKeys = 100;
const warmUpMs = 10_000;

/** What an admin may ask the cache and do to it. */
@Injectable()
export class CacheOpsService {
  constructor(
    private readonly cache: Cache,
    private readonly audit: AuditService,
    private readonly warmUp: WarmUpService,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  stats(): Promise<CacheStats> {
    return this.cache.stats();
  }

  explain(key: string): Promise<Explanation> {
    return this.cache.explain(key);
  }

  async keys({ pattern = '*', limit = fewKeys }: KeysQuery) {
    const found = await this.cache.keys(pattern, limit + 1);
    const keys = found.slice(0, limit).map((key) => ({ key, type: this.cache.typeOf(key) ?? null }));
    return { keys, is_complete: found.length <= limit };
  }

  /** Told to the audit log first: what could not be recorded is not done. */
  async invalidate(adminId: number, what: CacheInvalidation) {
    await this.record(adminId, 'cache.invalidate', what);
    const { verb } = what;
    if ('tags' in what) await this.cache.invalidateTags(what.tags, verb);
    else if ('type' in what) await this.cache.invalidatePattern(`${cacheTypes[what.type].prefix}:*`, verb);
    else return { verb, keys: await this.invalidatePattern(what) };
    return { verb, keys: null };
  }

  async warm(adminId: number): Promise<WarmUpReport> {
    await this.record(adminId, 'cache.warm');
    return this.warmUp.run(warmUpMs);
  }

  private async invalidatePattern({ pattern, verb }: Extract<CacheInvalidation, { pattern: string }>): Promise<number | null> {
    try {
      await this.cache.invalidatePattern(pattern, verb);
      return null;
    } catch (error) {
      // Neither a key nor a prefix.
      if (!(error instanceof RangeError)) throw error;
    }
    if (this.cache.figures().l2?.circuit === 'open') throw scanNotPossible();
    return this.cache.sweep(pattern, verb);
  }

  private record(actorId: number, action: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.audit.record(this.dataSource.manager, { actorId, action, entityType: 'cache', entityId: null, changes });
  }
}
