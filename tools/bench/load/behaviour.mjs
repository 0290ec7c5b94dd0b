// What clients do. Nothing here needs Node, so that other load tools can share it.
import { pick, shuffled, seededRandom, zipf } from './random.mjs';

/** Words that the seeded catalogue contains: two of them at a time make a search that is neither empty nor everything. */
const searches = [
  'wireless headphones', 'gaming laptop', 'leather case', 'digital camera', 'bluetooth speaker', 'portable charger', 'led monitor',
  'usb cable', 'car stereo', 'memory card', 'coffee maker', 'electric guitar', 'screen protector', 'home theater', 'smart watch',
  'air conditioner',
]; // prettier-ignore

const json = { 'content-type': 'application/json' };
const get = (route, path = route, headers = {}) => ({ route: `GET ${route}`, method: 'GET', path, headers });
const post = (route, body, headers = {}) => ({
  route: `POST ${route}`,
  method: 'POST',
  path: route,
  headers: { ...json, ...headers },
  body: JSON.stringify(body),
});

/** Strangers, each from an address of its own. */
const stranger = ({ addresses }, random) => ({ 'x-forwarded-for': pick(addresses, random) });

const product = (id, headers) => get('/products/{id}', `/products/${id}`, headers);

/** Two words and filters. */
const searchBody = (random, more) => {
  const from = Math.floor(random() * 2000) / 10;
  return { query: pick(searches, random), min_price: from, max_price: from + 1500, in_stock: true, ...more };
};

const address = { shipping_address: 'Calle Mayor 1, 28013 Madrid', payment_method: 'card' };

/**
 * Three different products by popularity: each from a third of its own, as `pgbench` can draw them too. `size` is how many are for sale,
 * ids from 1.
 */
export function threeProducts(size) {
  const rank = zipf(Math.floor(size / 3), 1.001);
  return (random) => [0, 1, 2].map((lane) => 3 * rank(random) + lane + 1);
}

/** A user takes the next of those that no other worker has. */
const ownToken = ({ tokens }, { worker, workers, turn }) => {
  const share = Math.floor(tokens.length / workers);
  return { authorization: `Bearer ${tokens[worker * share + (turn % share)]}` };
};

const keyOf = ({ seed, worker, turn }) => ({ 'idempotency-key': `bench-${seed}-${worker}-${turn}` });

/**
 * Each behaviour is given the world (what there is to ask for) and gives what a worker does in one turn: one step, or several in their
 * order. A context is `{ random, seed, worker, workers, turn }`.
 */
export const behaviours = {
  detailUniform: (world) => (context) => product(pick(world.products, context.random), stranger(world, context.random)),
  detailZipf: (world) => {
    const rank = zipf(world.products.length);
    return ({ random }) => product(world.products[rank(random)], stranger(world, random));
  },
  /** As the one before, of customers. */
  detailCustomers: (world) => {
    const rank = zipf(world.products.length);
    const headers = world.tokens.map((token) => ({ authorization: `Bearer ${token}` }));
    return ({ random }) => product(world.products[rank(random)], pick(headers, random));
  },
  search: (world) => (context) => post('/products/search', searchBody(context.random), stranger(world, context.random)),
  searchFacets: (world) => (context) =>
    post('/products/search', searchBody(context.random, { facets: true }), stranger(world, context.random)),
  categoryPage: (world) => (context) =>
    get('/categories/{id}/products', `/categories/${pick(world.categories, context.random)}/products`, stranger(world, context.random)),
  listPage: (world) => (context) => {
    const cursor = world.cursor ? `&cursor=${world.cursor}` : '';
    return get('/products', `/products?page_size=${world.pageSize}${cursor}`, stranger(world, context.random));
  },
  /** One product into the cart, then an order of three, named in the request. */
  orderItems: (world) => {
    const choose = threeProducts(world.orderable);
    return (context) => {
      const items = choose(context.random).map((id) => ({ product_id: id, quantity: 1 }));
      const user = ownToken(world, context);
      return [post('/cart/add', items[0], user), post('/orders', { items, ...address }, { ...user, ...keyOf(context) })];
    };
  },
  /** Three products into the cart, one by one, then an order of the cart. */
  orderCart: (world) => {
    const choose = threeProducts(world.orderable);
    return (context) => {
      const user = ownToken(world, context);
      const adds = choose(context.random).map((id) => post('/cart/add', { product_id: id, quantity: 1 }, user));
      return [...adds, post('/orders', address, { ...user, ...keyOf(context) })];
    };
  },
  mixed: (world) => mixed(world),
  /** What of it changes nothing: for caches to fill. */
  browsing: (world) => mixed(world, isRead),
};

const distinctSearches = 1000;
const isRead = (kind) => kind === 'read';

/**
 * The mixed load: shares of requests in percent; products and searches by Zipf's law, each request from one of many clients. A world may
 * bring its own way to draw ranks.
 */
function mixed(world, isWanted = () => true) {
  const ranks = world.zipf ?? zipf;
  const rank = ranks(world.products.length);
  const searchRank = ranks(distinctSearches);
  const draw = seededRandom(1);
  const bodies = Array.from({ length: distinctSearches }, () => searchBody(draw));
  const someProduct = (random) => world.products[rank(random)];
  const kinds = [
    [70, ({ random }, user) => product(someProduct(random), user), 'read'],
    [15, ({ random }, user) => post('/products/search', bodies[searchRank(random)], user), 'read'],
    [2.5, (_, user) => get('/products/popular', '/products/popular', user), 'read'],
    [2.5, (_, user) => get('/posts/trending', '/posts/trending', user), 'read'],
    [3.5, (_, user) => get('/cart', '/cart', user)],
    [3.5, ({ random }, user) => post('/cart/add', { product_id: someProduct(random), quantity: 1 }, user)],
    [3, (context, user) => orderOf(someProduct, context, user)],
  ];
  const wanted = kinds.filter(([, , kind]) => isWanted(kind));
  const shares = wanted.reduce((sum, [share]) => sum + share, 0);
  return (context) => {
    const user = { authorization: `Bearer ${pick(world.tokens, context.random)}` };
    let left = context.random() * shares;
    const [, act] = wanted.find(([share]) => (left -= share) < 0) ?? wanted[0];
    return act(context, user);
  };
}

function orderOf(someProduct, context, user) {
  const count = 1 + Math.floor(context.random() * 3);
  const items = Array.from({ length: count }, () => ({ product_id: someProduct(context.random), quantity: 1 }));
  return post('/orders', { items, ...address }, { ...user, ...keyOf(context) });
}

/** Addresses of as many clients, for `X-Forwarded-For`: 10.0.0.0/8, in random order. */
export const clientAddresses = (count, random) =>
  shuffled(
    Array.from({ length: count }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`),
    random,
  );
