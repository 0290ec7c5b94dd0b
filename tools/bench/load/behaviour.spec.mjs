import { behaviours, clientAddresses, threeProducts } from './behaviour.mjs';
import { seededRandom } from './random.mjs';

const world = {
  products: Array.from({ length: 1000 }, (_, index) => index + 1),
  tokens: Array.from({ length: 40 }, (_, index) => `token-${index}`),
  addresses: ['10.0.0.1', '10.0.0.2'],
  categories: [5, 6],
  orderable: 900,
  pageSize: 5,
};
const contextOf = (worker, turn, seed = 9) => ({ random: seededRandom(seed + turn), seed, worker, workers: 4, turn });

describe('a behaviour', () => {
  it.each(Object.keys(behaviours))('%s does the same again for the same seed', (name) => {
    const [act, again] = [behaviours[name](world), behaviours[name](world)];
    expect(again(contextOf(1, 3))).toEqual(act(contextOf(1, 3)));
  });

  it('names routes by their template, never by an id', () => {
    const act = behaviours.detailUniform(world);
    const steps = Array.from({ length: 50 }, (_, turn) => act(contextOf(0, turn)));
    expect(new Set(steps.map(({ route }) => route))).toEqual(new Set(['GET /products/{id}']));
    expect(new Set(steps.map(({ path }) => path)).size).toBeGreaterThan(40);
  });
});

describe('an order', () => {
  it('is of three different products for sale', () => {
    const choose = threeProducts(900);
    const random = seededRandom(2);
    for (let turn = 0; turn < 1000; turn += 1) {
      const ids = choose(random);
      expect(new Set(ids).size).toBe(3);
      expect(Math.min(...ids)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...ids)).toBeLessThanOrEqual(900);
    }
  });

  it('has a key of its own, of whichever worker, turn and run', () => {
    const act = behaviours.orderItems(world);
    const keys = [contextOf(0, 1), contextOf(0, 2), contextOf(1, 1), contextOf(0, 1, 10)].map(
      (context) => act(context).at(-1).headers['idempotency-key'],
    );
    expect(new Set(keys).size).toBe(4);
  });

  it('is made by users that no other worker is at the same time', () => {
    const act = behaviours.orderCart(world);
    const usersOf = (worker) => new Set(Array.from({ length: 100 }, (_, turn) => act(contextOf(worker, turn))[0].headers.authorization));
    expect(usersOf(0).size).toBe(10);
    expect([...usersOf(1)].filter((user) => usersOf(0).has(user))).toEqual([]);
  });

  it('of the cart comes after three additions by the same user', () => {
    const steps = behaviours.orderCart(world)(contextOf(2, 5));
    expect(steps.map(({ route }) => route)).toEqual(['POST /cart/add', 'POST /cart/add', 'POST /cart/add', 'POST /orders']);
    expect(new Set(steps.map(({ headers }) => headers.authorization)).size).toBe(1);
    expect(JSON.parse(steps[3].body)).not.toHaveProperty('items');
  });
});

describe('the mixed load', () => {
  it('keeps to its shares', () => {
    const act = behaviours.mixed(world);
    const random = seededRandom(4);
    const parts = { popular: 'popular and trending', trending: 'popular and trending', add: 'cart', '{id}': 'products' };
    const counts = {};
    for (let turn = 0; turn < 20_000; turn += 1) {
      const last = act({ random, seed: 1, worker: 0, workers: 1, turn }).route.split('/').at(-1);
      const part = parts[last] ?? last;
      counts[part] = (counts[part] ?? 0) + 1;
    }
    const shares = Object.fromEntries(Object.entries(counts).map(([part, count]) => [part, Math.round(count / 200)]));
    expect(shares).toEqual({ products: 70, search: 15, 'popular and trending': 5, cart: 7, orders: 3 });
  });
});

describe('clientAddresses', () => {
  it('are all different, and private', () => {
    const addresses = clientAddresses(70_000, seededRandom(1));
    expect(new Set(addresses).size).toBe(70_000);
    expect(addresses.every((address) => /^10\.[01]\.\d{1,3}\.\d{1,3}$/.test(address))).toBe(true);
  });
});
