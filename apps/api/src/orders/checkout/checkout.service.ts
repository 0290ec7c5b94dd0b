import { Invalidations } from '../../cache/invalidations.js';
import { cacheTags } from '../../cache/cache-types.js';
import { Inject, Injectable } from '@nestjs/common';
import { isRetryable } from '@app/database';
import pLimit, { type LimitFunction } from 'p-limit';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { OutboxService } from '../../events/outbox.js';
import { CheckoutRepository, type CheckoutOutcome } from './checkout.repository.js';
import { mergeLines, newOrderNumber, requestHash } from './order-request.js';
import type { NewOrder, Order } from '../orders.dto.js';
import { cartEmpty, checkoutBusy, keyReused, outOfStock, productsNotFound, productsUnavailable, stillRunning } from '../orders.problems.js';

export interface Placed {
  readonly order: Order;
  readonly isReplay: boolean;
}

const maxInFlight = 256;

@Injectable()
export class CheckoutService {
  private readonly turn: LimitFunction;

  /** Check-outs wait for each other here, not for a connection: half of the pool stays free for everybody else. */
  constructor(
    @Inject(CONFIG) config: Config,
    private readonly checkouts: CheckoutRepository,
    private readonly outbox: OutboxService,
    private readonly invalidations: Invalidations,
  ) {
    this.turn = pLimit(Math.max(1, Math.floor(config.database.poolSize / 2)));
  }

  async place(userId: number, request: NewOrder, key?: string): Promise<Placed> {
    if (this.turn.activeCount + this.turn.pendingCount >= maxInFlight) throw checkoutBusy();
    const { items, shipping_address, billing_address, payment_method, notes } = request;
    const purchase = {
      userId,
      lines: items && mergeLines(items),
      details: {
        order_number: newOrderNumber(),
        shipping_address,
        billing_address: billing_address ?? shipping_address,
        payment_method,
        notes: notes ?? null,
      },
      key,
      hash: requestHash(request),
    };
    const result = await this.turn(() => this.checkouts.place(purchase)).catch((error: unknown) => {
      throw isRetryable(error) ? checkoutBusy(error) : error;
    });
    if (result.outcome === 'placed') {
      await this.endCached(userId, result.answer);
      this.outbox.wake();
    }
    return concluded(result, items !== undefined);
  }

  private async endCached(userId: number, { id, items }: Order): Promise<void> {
    const ids = items.map((item) => item.product_id);
    const { user, cart, ordersOf, product } = cacheTags;
    await this.invalidations.now(user(userId), cart(userId), ordersOf(userId), ...ids.map(product));
    this.invalidations.orderEnded(id);
  }
}

function concluded(result: CheckoutOutcome, isFromItems: boolean): Placed {
  switch (result.outcome) {
    case 'placed':
    case 'replayed':
      return { order: result.answer, isReplay: result.outcome === 'replayed' };
    case 'running':
      throw stillRunning();
    case 'key_reused':
      throw keyReused();
    case 'cart_empty':
      throw cartEmpty();
    case 'unavailable':
      throw isFromItems ? productsNotFound(result.answer) : productsUnavailable(result.answer);
    default:
      throw outOfStock(result.answer);
  }
}
