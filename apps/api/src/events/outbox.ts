import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager, type EntitySubscriberInterface, type TransactionCommitEvent } from 'typeorm';
import { EventDispatcher } from './dispatcher.js';
import type { DomainEvent } from './event-catalogue.js';

const append = 'INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ($1, $2, $3, $4)';

/** What a transaction that has appended events is known by. */
const mark = 'techmart:outbox';

/** Events are written in the transaction of the change that they tell of: neither is there without the other. */
@Injectable()
export class OutboxService implements EntitySubscriberInterface, OnModuleInit {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly dispatcher: EventDispatcher,
  ) {}

  onModuleInit(): void {
    this.dataSource.subscribers.push(this);
  }

  /**
   * The transaction has changed, or locked, the row of the aggregate before: that is what brings the events of one aggregate into
   * the order in which they were committed.
   */
  async append(manager: EntityManager, { aggregateType, aggregateId, eventType, payload }: DomainEvent): Promise<void> {
    await manager.query(append, [aggregateType, aggregateId, eventType, JSON.stringify(payload)]);
    if (manager.queryRunner) manager.queryRunner.data[mark] = true;
  }

  /** For those who write events in SQL of their own: called after the commit, it spares them the wait for the next look. */
  wake(): void {
    this.dispatcher.wake();
  }

  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    if (queryRunner.isTransactionActive || !queryRunner.data[mark]) return;
    queryRunner.data[mark] = false;
    this.wake();
  }
}
