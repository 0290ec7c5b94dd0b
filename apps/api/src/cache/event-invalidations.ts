import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventSubscribers } from '../events/subscribers.js';
import { cacheTags } from './cache-types.js';
import { Invalidations } from './invalidations.js';
import { SoldOutRepository } from './sold-out.repository.js';

/** Ends once more what each event has made untrue, in case the process that committed it died before it could. */
@Injectable()
export class EventInvalidations implements OnModuleInit {
  constructor(
    private readonly events: EventSubscribers,
    private readonly invalidations: Invalidations,
    private readonly stock: SoldOutRepository,
  ) {}

  onModuleInit(): void {
    const { product, catalogue, listed, byStock, categories, order, ordersOf, user, cart, reviews } = cacheTags;
    this.events.subscribe('product.changed', ({ payload: { product_id: id } }) =>
      this.invalidations.now(product(id), catalogue, categories, reviews(id)),
    );
    this.events.subscribe('order.placed', async ({ payload: { order_id: id, user_id: userId, items } }) => {
      const ids = items.map((item) => item.product_id);
      // Lists show how much is left, but only the end of it must be seen at once, where the product stands and where stock decides.
      const soldOut = await this.stock.soldOut(ids);
      if (soldOut.length > 0) await this.invalidations.now(byStock, ...soldOut.map(listed));
      // What sells is what is read: to end it twice would take it from the cache just when it is there again.
      if (this.invalidations.hasEndedOrder(id)) return;
      await this.invalidations.now(order(id), ordersOf(userId), user(userId), cart(userId), ...ids.map(product));
    });
    for (const pattern of ['order.status_changed', 'order.payment_status_changed'] as const)
      this.events.subscribe(pattern, ({ payload: { order_id: id, user_id: userId } }) =>
        this.invalidations.now(order(id), ordersOf(userId), user(userId)),
      );
    this.events.subscribe('order.status_changed', ({ payload: { product_ids: ids } }) =>
      ids ? this.invalidations.now(byStock, ...ids.map(product), ...ids.map(listed)) : undefined,
    );
    this.events.subscribe('review.approved', ({ payload: { product_id: id } }) =>
      this.invalidations.now(product(id), reviews(id), catalogue),
    );
  }
}
