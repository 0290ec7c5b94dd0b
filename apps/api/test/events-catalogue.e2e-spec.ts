import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventPatterns, eventPayloads, type EventType } from '../src/events/event-catalogue.js';
import type { Json, TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, type Shopper } from './checkout.fixture.js';
import { newAdmin, startEventsApp } from './events.fixture.js';

const types = Object.keys(eventPayloads) as EventType[];

describe('the catalogue of events', () => {
  let app: TestApp;
  let admin: Shopper;
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
    admin = await newAdmin(app);
  });
  afterAll(() => app.close());
  beforeEach(() => app.query('DELETE FROM outbox'));

  /** What was written since the test began; each payload as the catalogue has it, and nothing more. */
  async function written(): Promise<Json[]> {
    const rows = await app.query('SELECT aggregate_type, aggregate_id, event_type, payload FROM outbox ORDER BY id');
    for (const row of rows) eventPayloads[row['event_type'] as EventType].parse(row['payload']);
    expect(rows.filter((row) => !String(row['event_type']).startsWith(`${row['aggregate_type']}.`))).toEqual([]);
    return rows.map(({ aggregate_id, event_type, payload }) => ({ aggregate_id, event_type, payload }));
  }

  it('is the whole truth about orders', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app, { stock: 100, price: 2.5 });
    const { body: order } = await placeOrder(app, buyer, [[product, 2]]);
    await app.patch(`/orders/${order['id']}/payment`, { payment_status: 'paid' }, { as: admin.token });
    await app.patch(`/orders/${order['id']}/status`, { status: 'processing' }, { as: admin.token });
    await app.post(`/orders/${order['id']}/cancel`, undefined, { as: buyer.token });
    const [{ name, sku }] = order['items'];
    const common = { order_id: order['id'], order_number: order['order_number'], user_id: buyer.id };
    const items = [{ product_id: product, name, sku, quantity: 2, unit_price: 2.5, total_price: 5 }];
    const moved = (field: string, from: string, to: string, more: Json = {}) => ({
      aggregate_id: order['id'],
      event_type: `order.${field}_changed`,
      payload: { ...common, from, to, ...more },
    });
    const events = await written();
    expect(events.slice(0, 3)).toEqual([
      { aggregate_id: order['id'], event_type: 'order.placed', payload: { ...common, total_amount: 5, items } },
      moved('payment_status', 'pending', 'paid'),
      moved('status', 'pending', 'processing'),
    ]);
    expect(events.slice(3).toSorted((a, b) => (a['event_type'] < b['event_type'] ? -1 : 1))).toEqual([
      moved('payment_status', 'paid', 'refunded'),
      moved('status', 'processing', 'cancelled', { product_ids: [product] }),
    ]);
  });

  it('is the whole truth about products', async () => {
    const seller = await newUser(app, 'seller');
    const created = { name: 'Lamp', sku: 'LAMP-1', price: 5, stock_quantity: 12, category_id: 1 };
    const { body: product } = await app.post('/products', created, { as: seller.token });
    await app.patch(`/products/${product['id']}`, { sale_price: null, price: 4 }, { as: seller.token });
    await app.patch(`/products/${product['id']}`, { price: 3 }, { as: seller.token, headers: { 'if-match': '"1"' } });
    await placeOrder(app, await newUser(app), [[product['id'], 1]]);
    await placeOrder(app, await newUser(app), [[product['id'], 1]]);
    await placeOrder(app, await newUser(app), [[product['id'], 1]]);
    await app.delete(`/products/${product['id']}`, { as: seller.token });
    const events = (await written()).filter((event) => event['event_type'] !== 'order.placed');
    const of = (type: string, payload: Json) => ({
      aggregate_id: product['id'],
      event_type: type,
      payload: { product_id: product['id'], ...payload },
    });
    expect(events).toEqual([
      of('product.changed', { fields: ['category_id', 'name', 'price', 'sku', 'stock_quantity'] }),
      of('product.changed', { fields: ['price', 'sale_price'] }),
      of('product.stock_low', { stock_quantity: 10 }),
      of('product.changed', { fields: ['is_active'] }),
    ]);
  });

  it('is the whole truth about reviews', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const { body: review } = await app.post(`/products/${product}/reviews`, { rating: 4 }, { as: buyer.token });
    await app.post(`/reviews/${review['id']}/approve`, undefined, { as: admin.token });
    await app.post(`/reviews/${review['id']}/reject`, undefined, { as: admin.token });
    expect(await written()).toEqual([
      {
        aggregate_id: review['id'],
        event_type: 'review.approved',
        payload: { review_id: review['id'], product_id: product, user_id: buyer.id, rating: 4 },
      },
      { aggregate_id: product, event_type: 'product.changed', payload: { product_id: product, fields: ['rating'] } },
    ]);
  });

  it('writes nothing for what fails', async () => {
    const seller = await newUser(app, 'seller');
    const product = await newProduct(app, { stock: 1 });
    await app.patch(`/products/${product}`, { price: 1 }, { as: seller.token });
    await app.patch(`/products/${product}`, { sale_price: 1000 }, { as: admin.token });
    await app.post('/products', { name: 'x', sku: 'x', price: 1, stock_quantity: 1, category_id: 999 }, { as: admin.token });
    await placeOrder(app, await newUser(app), [[product, 2]]);
    expect(await written()).toEqual([]);
  });

  it('is described, type by type and field by field, in the guide', () => {
    const guide = readFileSync(join(__dirname, '../../../docs/events.md'), 'utf8');
    const missing = types.filter((type) => {
      const line = guide.split('\n').find((row) => row.startsWith(`| \`${type}\``)) ?? '';
      return !Object.keys(eventPayloads[type].shape).every((field) => line.includes(`\`${field}\``));
    });
    expect(missing).toEqual([]);
    expect(eventPatterns).toEqual(['*', 'order.*', 'product.*', 'review.*', ...types]);
  });
});
