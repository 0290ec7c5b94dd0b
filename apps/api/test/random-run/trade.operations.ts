import type { Answer, Json } from '../app.harness.js';
import type { Shopper } from '../checkout.fixture.js';
import { admin, anyone, buyer, mostly, nobody, product, seller, type Operations, type PlacedOrder, type Turn } from './world.fixture.js';

const nowhere: PlacedOrder = { id: 987_654_321, buyer: nobody };
const recent = ({ world, chance }: Turn): PlacedOrder => chance.pick(chance.is(0.7) ? world.orders.slice(-40) : world.orders, nowhere);

function orderBody(turn: Turn): Json {
  const { chance } = turn;
  const items = Array.from({ length: chance.int(1, 4) }, () => ({ product_id: product(turn), quantity: chance.int(1, 3) }));
  return {
    ...(chance.is(0.6) ? { items } : {}),
    shipping_address: `Street ${chance.int(1, 200)}`,
    payment_method: chance.pick(['card', 'transfer'], 'card'),
  };
}

/** Half of them under a key; of these some again, as a client does that got no answer, and some with another body, as none should. */
async function place(turn: Turn): Promise<Answer> {
  const { app, world, chance } = turn;
  const who = buyer(turn);
  const key = chance.is(0.5) ? `key-${chance.int(1, 60)}` : undefined;
  const name = `${who.id}/${key}`;
  const known = world.keys.get(name);
  const body = key !== undefined && known && chance.is(0.8) ? known : { ...orderBody(turn), notes: key === undefined ? null : name };
  if (key !== undefined && !known) world.keys.set(name, body);
  const answer = await app.post('/orders', body, { as: who.token, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) });
  if (answer.status === 201) world.orders.push({ id: answer.body['id'], buyer: who });
  return answer;
}

const line = (turn: Turn): string => `/cart/items/${product(turn)}`;

/** One of what the buyer has in the cart now; most products are in no cart. */
async function keptLine(turn: Turn, as: string): Promise<string> {
  const { body } = await turn.app.get('/cart', { as });
  const kept = (body['items'] as { product_id: number }[] | undefined)?.[0]?.product_id;
  return kept === undefined ? line(turn) : `/cart/items/${kept}`;
}

const quantity = ({ chance }: Turn): number => (chance.is(0.1) ? chance.int(40, 99) : chance.int(1, 5));
const status = ({ chance }: Turn): string =>
  chance.pick(['processing', 'processing', 'shipped', 'shipped', 'delivered', 'cancelled'], 'shipped');
const payment = ({ chance }: Turn): string => chance.pick(['paid', 'paid', 'paid', 'failed', 'refunded'], 'paid');
const manager = (turn: Turn): Shopper => (turn.chance.is(0.7) ? admin(turn) : seller(turn));

export const tradeOperations: Operations = {
  'POST /cart/add': [
    60,
    (turn) => turn.app.post('/cart/add', { product_id: product(turn), quantity: quantity(turn) }, { as: buyer(turn).token }),
  ],
  'PATCH /cart/items/{product_id}': [
    12,
    async (turn) => {
      const as = buyer(turn).token;
      return turn.app.patch(await keptLine(turn, as), { quantity: quantity(turn) }, { as });
    },
  ],
  'DELETE /cart/items/{product_id}': [
    12,
    async (turn) => {
      const as = buyer(turn).token;
      return turn.app.delete(await keptLine(turn, as), { as });
    },
  ],
  'DELETE /cart': [6, (turn) => turn.app.delete('/cart', { as: buyer(turn).token })],
  'POST /orders': [110, place],
  'POST /orders/{id}/cancel': [
    30,
    (turn) => {
      const order = recent(turn);
      return turn.app.post(`/orders/${order.id}/cancel`, undefined, { as: mostly(turn, order.buyer).token });
    },
  ],
  'PATCH /orders/{id}/status': [
    60,
    (turn) => turn.app.patch(`/orders/${recent(turn).id}/status`, { status: status(turn) }, { as: mostly(turn, manager(turn)).token }),
  ],
  'PATCH /orders/{id}/payment': [
    40,
    (turn) =>
      turn.app.patch(`/orders/${recent(turn).id}/payment`, { payment_status: payment(turn) }, { as: mostly(turn, admin(turn)).token }),
  ],
  'POST /products/{id}/reviews': [
    30,
    async (turn) => {
      const author = anyone(turn);
      const answer = await turn.app.post(`/products/${product(turn)}/reviews`, { rating: turn.chance.int(1, 5) }, { as: author.token });
      if (answer.status === 201) turn.world.reviews.push({ id: answer.body['id'], author });
      return answer;
    },
  ],
  'PATCH /reviews/{id}': [20, (turn) => ofReview(turn, (path, as) => turn.app.patch(path, { rating: turn.chance.int(1, 5) }, { as }))],
  'DELETE /reviews/{id}': [10, (turn) => ofReview(turn, (path, as) => turn.app.delete(path, { as }))],
  'POST /reviews/{id}/approve': [30, (turn) => ofReview(turn, (path) => moderate(turn, `${path}/approve`))],
  'POST /reviews/{id}/reject': [12, (turn) => ofReview(turn, (path) => moderate(turn, `${path}/reject`))],
};

const moderate = (turn: Turn, path: string): Promise<Answer> => turn.app.post(path, undefined, { as: mostly(turn, admin(turn)).token });

function ofReview(turn: Turn, act: (path: string, as: string) => Promise<Answer>): Promise<Answer> {
  const { id, author } = turn.chance.pick(turn.world.reviews.slice(-60), { id: 987_654_321, author: nobody });
  return act(`/reviews/${id}`, mostly(turn, author).token);
}
