import type { EventPattern, StoredEvent } from './event-catalogue.js';
import { EventSubscribers } from './subscribers.js';

const stockLow: StoredEvent = {
  id: 7,
  aggregateType: 'product',
  aggregateId: 5,
  eventType: 'product.stock_low',
  payload: { product_id: 5, stock_quantity: 9 },
  createdAt: new Date(0),
  attempts: 0,
};

describe('EventSubscribers', () => {
  it('tells who asked for the type, for the aggregate or for everything, and nobody else', async () => {
    const subscribers = new EventSubscribers();
    const told: EventPattern[] = [];
    for (const pattern of ['*', 'product.*', 'product.stock_low', 'product.changed', 'order.*', 'review.approved'] as const) {
      subscribers.subscribe(pattern, () => void told.push(pattern));
    }
    await subscribers.tell(stockLow, 1000);
    expect(told).toEqual(['*', 'product.*', 'product.stock_low']);
  });

  it('gives a handler the payload of its type', async () => {
    const subscribers = new EventSubscribers();
    const left: number[] = [];
    subscribers.subscribe('product.stock_low', ({ payload }) => void left.push(payload.stock_quantity));
    await subscribers.tell(stockLow, 1000);
    expect(left).toEqual([9]);
  });

  it.each([
    ['throws', () => { throw new Error('broken'); }],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('fails when one of several %s, after the others were told', async (_, broken) => {
    const subscribers = new EventSubscribers();
    let told = 0;
    subscribers.subscribe('*', broken);
    subscribers.subscribe('*', async () => {
      await Promise.resolve();
      told += 1;
    });
    await expect(subscribers.tell(stockLow, 1000)).rejects.toThrow('broken');
    expect(told).toBe(1);
  }); // prettier-ignore

  it('fails when a handler takes too long, and tells it so', async () => {
    jest.useFakeTimers();
    const subscribers = new EventSubscribers();
    let signal: AbortSignal | undefined;
    subscribers.subscribe('*', (_event, given) => {
      signal = given;
      return new Promise<void>(() => undefined);
    });
    const failure = subscribers.tell(stockLow, 1000).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(999);
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await failure).toEqual(new Error('a subscriber took longer than 1000 ms'));
    expect([signal?.aborted, jest.getTimerCount()]).toEqual([true, 0]);
    jest.useRealTimers();
  });

  it('leaves no timer behind when all went well', async () => {
    jest.useFakeTimers();
    const subscribers = new EventSubscribers();
    subscribers.subscribe('*', () => undefined);
    await subscribers.tell(stockLow, 1000);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
