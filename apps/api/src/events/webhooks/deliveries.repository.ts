import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** One attempt that is ours to make. */
export interface ClaimedDelivery {
  readonly id: number;
  readonly webhookId: number;
  /** This one included. */
  readonly attempt: number;
  readonly url: string;
  readonly secret: string;
  readonly eventId: number;
  readonly eventType: string;
  readonly payload: unknown;
  readonly createdAt: Date;
}

interface Claim {
  readonly limit: number;
  readonly perWebhook: number;
  /** How many of some webhooks may be begun, where that is not `perWebhook`. */
  readonly slots: ReadonlyMap<number, number>;
  /** A claim that nobody has ended by then is somebody else's to make. */
  readonly claimMs: number;
}

export interface DeliveryOutcome {
  readonly id: number;
  readonly attempt: number;
  readonly status: 'delivered' | 'pending' | 'dead';
  /** Until the next attempt; null when there is none. */
  readonly retryInMs: number | null;
  readonly answered: number | null;
  readonly error: string | null;
}

// In turn: the first of each webhook before the second of any. An earlier delivery of the same aggregate comes first, also while it is
// under way or waits for its next attempt. A claim is a next attempt in the near future, so a killed worker's is made again.
const claim = `
  WITH turn AS (
    SELECT due.id, due.next_attempt_at, row_number() OVER (PARTITION BY w.id ORDER BY due.next_attempt_at, due.outbox_id) AS turn
      FROM webhooks w
      LEFT JOIN unnest($1::bigint[], $2::integer[]) AS slots (webhook_id, free) ON slots.webhook_id = w.id
      CROSS JOIN LATERAL (
        SELECT d.id, d.next_attempt_at, d.outbox_id FROM webhook_deliveries d
         WHERE d.webhook_id = w.id AND d.status = 'pending' AND d.next_attempt_at <= now()
           AND d.outbox_id = (
             SELECT first.outbox_id FROM webhook_deliveries first
              WHERE first.status = 'pending' AND first.webhook_id = d.webhook_id AND first.aggregate_type = d.aggregate_type
                AND first.aggregate_id = d.aggregate_id
              ORDER BY first.outbox_id LIMIT 1)
         ORDER BY d.next_attempt_at, d.outbox_id LIMIT coalesce(slots.free, $3)
      ) AS due
     WHERE w.is_active
  ), chosen AS (
    SELECT id FROM turn ORDER BY turn, next_attempt_at LIMIT $4
  ), claimed AS (
    UPDATE webhook_deliveries d
       SET attempts = d.attempts + 1, next_attempt_at = now() + $5 * interval '1 millisecond'
      FROM chosen WHERE d.id = chosen.id AND d.status = 'pending' AND d.next_attempt_at <= now()
    RETURNING d.id, d.webhook_id, d.outbox_id, d.attempts
  )
  SELECT claimed.id, claimed.webhook_id AS "webhookId", claimed.attempts AS attempt, w.url, w.secret, o.id AS "eventId",
         o.event_type AS "eventType", o.payload, o.created_at AS "createdAt"
    FROM claimed JOIN webhooks w ON w.id = claimed.webhook_id JOIN outbox o ON o.id = claimed.outbox_id
   ORDER BY o.id`;

const record = `
  UPDATE webhook_deliveries d
     SET status = outcome.status, last_status = outcome.answered, last_error = outcome.error,
         next_attempt_at = coalesce(now() + outcome.retry_in_ms * interval '1 millisecond', d.next_attempt_at),
         delivered_at = CASE WHEN outcome.status = 'delivered' THEN now() END
    FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::integer[], $6::text[])
           AS outcome (id, attempt, status, retry_in_ms, answered, error)
   WHERE d.id = outcome.id AND d.attempts = outcome.attempt AND d.status = 'pending'`;

@Injectable()
export class DeliveriesRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Deliveries that are due, by webhook in turn. No other worker gets them until the claim has run out. */
  claim({ limit, perWebhook, slots, claimMs }: Claim): Promise<ClaimedDelivery[]> {
    return this.dataSource.query(claim, [[...slots.keys()], [...slots.values()], perWebhook, limit, claimMs]);
  }

  /** An outcome of a claim that has run out, or of a webhook that is gone, changes nothing. */
  async record(outcomes: readonly DeliveryOutcome[]): Promise<void> {
    const columns = (['id', 'attempt', 'status', 'retryInMs', 'answered', 'error'] as const).map((column) =>
      outcomes.map((outcome) => outcome[column]),
    );
    await this.dataSource.query(record, columns);
  }
}
