import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { StoredEvent } from './event-catalogue.js';

/** How telling one event went. */
export interface EventOutcome {
  readonly id: number;
  /** Null: all who wanted it have it. */
  readonly error: string | null;
  /** Until the next try; null after a success, and after the last try. */
  readonly retryInMs: number | null;
}

export interface QueueDepth {
  readonly waiting: number;
  readonly dead: number;
  readonly oldest_age_s: number;
  readonly deliveries_pending: number;
  readonly deliveries_dead: number;
}

// What is undelivered is asked for by its state, never by "after the last id seen": ids are given out before the commit, so a smaller
// one may turn up later. Within an aggregate the ids follow the commits, because whoever writes an event holds the aggregate's row.
// A webhook is told of what happens from its creation on. A delivery that is there already is one of an earlier try.
const takeDue = `
  WITH due AS (
    SELECT id, aggregate_type, aggregate_id, event_type, payload, created_at, attempts FROM outbox o
     WHERE delivered_at IS NULL AND dead_at IS NULL AND (aggregate_type || ':' || aggregate_id) <> ALL ($1::text[])
       AND (next_attempt_at IS NULL OR next_attempt_at <= now())
       AND coalesce((
         SELECT max(failed.next_attempt_at) FROM outbox failed
          WHERE failed.delivered_at IS NULL AND failed.dead_at IS NULL AND failed.next_attempt_at IS NOT NULL
            AND failed.aggregate_type = o.aggregate_type AND failed.aggregate_id = o.aggregate_id) <= now(), true)
     ORDER BY id LIMIT $2
  ), fanned_out AS (
    INSERT INTO webhook_deliveries (webhook_id, outbox_id, aggregate_type, aggregate_id)
    SELECT w.id, due.id, due.aggregate_type, due.aggregate_id
      FROM due JOIN webhooks w ON w.is_active AND w.created_at <= due.created_at
                              AND w.event_types && ARRAY['*', due.aggregate_type || '.*', due.event_type]
     WHERE due.attempts = 0 ORDER BY due.id, w.id
    ON CONFLICT ON CONSTRAINT webhook_deliveries_event_key DO NOTHING RETURNING id
  )
  SELECT id, aggregate_type AS "aggregateType", aggregate_id AS "aggregateId", event_type AS "eventType", payload,
         created_at AS "createdAt", attempts, (SELECT count(*) FROM fanned_out) AS deliveries
    FROM due ORDER BY id`;

const record = `
  UPDATE outbox o
     SET attempts = o.attempts + 1, last_error = coalesce(outcome.error, o.last_error),
         delivered_at = CASE WHEN outcome.error IS NULL THEN now() END,
         next_attempt_at = now() + outcome.retry_in_ms * interval '1 millisecond',
         dead_at = CASE WHEN outcome.error IS NOT NULL AND outcome.retry_in_ms IS NULL THEN now() END
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS outcome (id, error, retry_in_ms)
   WHERE o.id = outcome.id AND o.delivered_at IS NULL AND o.dead_at IS NULL`;

/** A scrape must not read a long backlog to its end. */
const counted = (rows: string): string => `(SELECT count(*) FROM (SELECT FROM ${rows} LIMIT 100000) AS counted)`;

const waiting = 'outbox WHERE delivered_at IS NULL AND dead_at IS NULL';

const depth = `
  SELECT ${counted(waiting)} AS waiting, ${counted('outbox WHERE dead_at IS NOT NULL')} AS dead,
         coalesce((SELECT greatest(0, extract(epoch FROM now() - created_at)) FROM ${waiting} ORDER BY id LIMIT 1), 0) AS oldest_age_s,
         ${counted(`webhook_deliveries WHERE status = 'pending'`)} AS deliveries_pending,
         ${counted(`webhook_deliveries WHERE status = 'dead'`)} AS deliveries_dead`;

@Injectable()
export class OutboxRepository {
  private reading: Promise<QueueDepth> | undefined;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Undelivered events in order, without those of the busy aggregates (`order:5`) and of those that wait for another try. Whatever is
   * given for the first time is in the queues of its webhooks from then on; `deliveries` is how many were queued.
   */
  async takeDue(busy: readonly string[], limit: number): Promise<{ events: StoredEvent[]; deliveries: number }> {
    const rows = await this.dataSource.query<(StoredEvent & { deliveries: number })[]>(takeDue, [busy, limit]);
    return { events: rows.map(({ deliveries: _, ...event }) => event), deliveries: rows[0]?.deliveries ?? 0 };
  }

  async record(outcomes: readonly EventOutcome[]): Promise<void> {
    const columns = [outcomes.map(({ id }) => id), outcomes.map(({ error }) => error), outcomes.map(({ retryInMs }) => retryInMs)];
    await this.dataSource.query(record, columns);
  }

  /** Counts stop at 100,000. Who asks at the same time gets the same answer. */
  readDepth(): Promise<QueueDepth> {
    this.reading ??= this.queryDepth().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async queryDepth(): Promise<QueueDepth> {
    const [row] = await this.dataSource.query<QueueDepth[]>(depth);
    if (!row) throw new Error('the counts gave no row');
    return row;
  }
}
