import { Injectable } from '@nestjs/common';
import { withRetry } from '@app/database';
import { InjectDataSource } from '@nestjs/typeorm';
import { QueryFailedError, type DataSource } from 'typeorm';
import { toOrder } from '../order-row.js';
import type { OrderLine } from './order-request.js';
import type { Order } from '../orders.dto.js';
import { orderTooLarge } from '../orders.problems.js';

export interface Purchase {
  readonly userId: number;
  /** Merged, by ascending product id; undefined buys the cart. */
  readonly lines: readonly OrderLine[] | undefined;
  readonly details: Readonly<Record<string, string | null>>;
  readonly key: string | undefined;
  readonly hash: Buffer;
}

interface Shortage {
  readonly product_id: number;
  readonly name: string;
  readonly requested: number;
  readonly available: number;
}

/** What `place_order` says, which the check-out migration describes. */
export type CheckoutOutcome =
  | { readonly outcome: 'placed' | 'replayed'; readonly answer: Order }
  | { readonly outcome: 'unavailable'; readonly answer: readonly number[] }
  | { readonly outcome: 'short'; readonly answer: readonly Shortage[] }
  | { readonly outcome: 'running' | 'key_reused' | 'cart_empty' };

const numericOutOfRange = '22003';

@Injectable()
export class CheckoutRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One statement, and so one transaction, run again when it lost a race. Throws 409 for a sum that no order can hold. */
  async place({ userId, lines, details, key, hash }: Purchase): Promise<CheckoutOutcome> {
    const ids = lines?.map((line) => line.product_id) ?? null;
    const quantities = lines?.map((line) => line.quantity) ?? null;
    const parameters = [userId, ids, quantities, details, key ?? null, hash];
    const result = await withRetry(() => this.call(parameters));
    return result.outcome === 'placed' || result.outcome === 'replayed' ? { ...result, answer: toOrder(result.answer) } : result;
  }

  private async call(parameters: unknown[]): Promise<CheckoutOutcome> {
    try {
      const rows: [CheckoutOutcome] = await this.dataSource.query(
        'SELECT outcome, answer FROM place_order($1, $2, $3, $4, $5, $6)',
        parameters,
      );
      return rows[0];
    } catch (error) {
      const code: unknown = error instanceof QueryFailedError && 'code' in error.driverError ? error.driverError.code : undefined;
      throw code === numericOutOfRange ? orderTooLarge(error) : error;
    }
  }
}
