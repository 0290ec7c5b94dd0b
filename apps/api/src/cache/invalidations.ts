import { Cache } from '@app/cache';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import {
  DataSource,
  type EntityManager,
  type EntitySubscriberInterface,
  type TransactionCommitEvent,
  type TransactionRollbackEvent,
} from 'typeorm';

const remembered = 10_000;

/** What a transaction will have made untrue, on its query runner. */
const mark = 'techmart:invalidations';

/**
 * Ends what a write has made untrue: after its transaction has committed and before its promise resolves, so nobody reads what was
 * before their own write. What is rolled back ends nothing. Cheap to call often: a transaction's tags are ended in one go.
 */
@Injectable()
export class Invalidations implements EntitySubscriberInterface, OnModuleInit {
  private readonly ended = new LRUCache<number, true>({ max: remembered });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly cache: Cache,
  ) {}

  onModuleInit(): void {
    this.dataSource.subscribers.push(this);
  }

  /** Within the manager's transaction: once it has committed. Without one: now, which the caller must wait for. */
  async after(manager: EntityManager, ...tags: string[]): Promise<void> {
    const runner = manager.queryRunner;
    if (!runner?.isTransactionActive) return this.now(...tags);
    const waiting = (runner.data[mark] ??= new Set<string>()) as Set<string>;
    for (const tag of tags) waiting.add(tag);
  }

  /** For writes of a single statement, once it is done. */
  now(...tags: string[]): Promise<void> {
    return this.cache.invalidateTags(tags);
  }

  /** Whatever the order has made untrue when it was placed has been ended, everywhere. */
  orderEnded(orderId: number): void {
    this.ended.set(orderId, true);
  }

  /** False for what another process has placed, or this one long ago. */
  hasEndedOrder(orderId: number): boolean {
    return this.ended.has(orderId);
  }

  async afterTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> {
    const waiting = queryRunner.data[mark] as Set<string> | undefined;
    if (!waiting || queryRunner.isTransactionActive) return;
    queryRunner.data[mark] = undefined;
    await this.cache.invalidateTags([...waiting]);
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    if (!queryRunner.isTransactionActive) queryRunner.data[mark] = undefined;
  }
}
