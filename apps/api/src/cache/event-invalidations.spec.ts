import type { Cache } from '@app/cache';
import type { DataSource } from 'typeorm';
import type { StoredEvent } from '../events/event-catalogue.js';
import { EventSubscribers } from '../events/subscribers.js';
import { EventInvalidations } from './event-invalidations.js';
import { Invalidations } from './invalidations.js';
import type { SoldOutRepository } from './sold-out.repository.js';

const item = { product_id: 7, name: 'A', sku: 'A-1', quantity: 1, unit_price: 1, total_price: 1 };
const placed: StoredEvent = {
  id: 1,
  aggregateType: 'order',
  aggregateId: 5,
  eventType: 'order.placed',
  payload: { order_id: 5, order_number: 'N', user_id: 3, total_amount: 1, items: [item] },
  createdAt: new Date(0),
  attempts: 0,
};

function open(soldOut: readonly number[] = []) {
  const ended: string[] = [];
  const cache = { invalidateTags: async (tags: string[]) => void ended.push(...tags) };
  const invalidations = new Invalidations({} as DataSource, cache as unknown as Cache);
  const events = new EventSubscribers();
  const stock = { soldOut: async (ids: readonly number[]) => ids.filter((id) => soldOut.includes(id)) };
  new EventInvalidations(events, invalidations, stock as unknown as SoldOutRepository).onModuleInit();
  return { ended, invalidations, tell: (event: StoredEvent) => events.tell(event, 1000) };
}

describe('the repetition of what an order ends', () => {
  it('ends everything for an order of a process that may have died', async () => {
    const { ended, tell } = open();
    await tell(placed);
    expect(ended.toSorted()).toEqual(['cart:3', 'order:5', 'orders:3', 'product:7', 'user:3']);
  });

  it('leaves alone what this process has ended already', async () => {
    const { ended, invalidations, tell } = open();
    invalidations.orderEnded(5);
    await tell(placed);
    expect(ended).toEqual([]);
  });

  it('ends the lists that show a product, and those that choose by stock, when nothing is left of it, whoever placed the order', async () => {
    const { ended, invalidations, tell } = open([7]);
    invalidations.orderEnded(5);
    const others = [7, 8].map((product_id) => ({ ...item, product_id }));
    await tell({ ...placed, payload: { ...placed.payload, items: others } });
    expect(ended).toEqual(['by-stock', 'listed:7']);
  });

  it('ends them as well when an order gives its products back', async () => {
    const { ended, tell } = open();
    const change = { order_id: 5, order_number: 'N', user_id: 3, from: 'paid', to: 'cancelled', product_ids: [7] };
    await tell({ ...placed, eventType: 'order.status_changed', payload: change });
    expect(ended.toSorted()).toEqual(['by-stock', 'listed:7', 'order:5', 'orders:3', 'product:7', 'user:3']);
  });

  it('repeats what a later change of the order ends', async () => {
    const { ended, invalidations, tell } = open();
    invalidations.orderEnded(5);
    const change = { order_id: 5, order_number: 'N', user_id: 3, from: 'pending', to: 'paid' };
    await tell({ ...placed, eventType: 'order.payment_status_changed', payload: change });
    expect(ended.toSorted()).toEqual(['order:5', 'orders:3', 'user:3']);
  });
});
