import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What has happened to one thing. */
export interface DomainEvent {
  readonly aggregateType: 'order' | 'product' | 'review';
  readonly aggregateId: number;
  readonly eventType: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const append = 'INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ($1, $2, $3, $4)';

/** Events are written in the transaction of the change that they tell of: neither is there without the other. */
@Injectable()
export class OutboxService {
  async append(manager: EntityManager, { aggregateType, aggregateId, eventType, payload }: DomainEvent): Promise<void> {
    await manager.query(append, [aggregateType, aggregateId, eventType, JSON.stringify(payload)]);
  }
}
