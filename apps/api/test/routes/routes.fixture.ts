import { mailedToken, registration } from '../accounts.fixture.js';
import type { Json } from '../app.harness.js';
import { operation } from './operator-rows.js';
import { admins, anyone, at, owners, ownersAndAdmins, row, sellers, signedIn, to, type Request, type Row } from './row.js';
import type { World } from './world.fixture.js';

const product = (world: World) => world.product();
const house = (world: World) => world.houseProduct();
const category = (world: World) => world.category();
const order = (world: World) => world.order();
const mixed = (world: World) => world.mixedOrder();
const review = (world: World) => world.review();
const post = (world: World) => world.post();
const comment = (world: World) => world.comment();
const tag = (world: World) => world.tag();
const account = async (world: World) => (await world.account()).id;

const first = async ({ app }: World, sql: string): Promise<number> => (await app.query<{ id: number }>(sql))[0]?.id ?? 0;
const discussed = (world: World) => first(world, 'SELECT id FROM posts ORDER BY comments_count DESC, id LIMIT 1');
const reviewed = (world: World) => first(world, 'SELECT id FROM products WHERE is_active ORDER BY rating_count DESC, id LIMIT 1');

const accounts: readonly Row[] = [
  row('POST /auth/register', anyone(201), () => ({ path: '/auth/register', body: registration() })),
  row('POST /auth/login', anyone(200), async (world) => {
    const { email } = await world.account();
    return { path: '/auth/login', body: { email, password: 'a long enough password' } };
  }),
  row('POST /auth/refresh', anyone(200), async (world) => ({
    path: '/auth/refresh',
    body: { refresh_token: (await world.loggedIn()).refresh },
  })),
  row('POST /auth/logout', anyone(204), async (world) => ({
    path: '/auth/logout',
    body: { refresh_token: (await world.loggedIn()).refresh },
  })),
  row('POST /auth/verify-email', anyone(204), async (world) => {
    const { email } = await world.account();
    return { path: '/auth/verify-email', body: { token: await mailedToken(world.app, email, 'verify-email') } };
  }),
  row('POST /auth/forgot-password', anyone(202), () => ({ path: '/auth/forgot-password', body: { email: 'customer@techmart.test' } })),
  row('POST /auth/reset-password', anyone(204), async (world) => {
    const { email } = await world.account();
    await world.app.post('/auth/forgot-password', { email });
    const token = await mailedToken(world.app, email, 'reset-password');
    return { path: '/auth/reset-password', body: { token, password: 'another long password' } };
  }),
  row('GET /users/profile', signedIn(200), to('/users/profile')),
  row('PATCH /users/profile', signedIn(200), () => ({ path: '/users/profile', body: { first_name: 'Grace' } })),
  row('DELETE /users/profile', signedIn(204), async (world, caller) => ({ path: '/users/profile', as: await world.twin(caller) })),
  row('GET /users/profile/export', signedIn(200), to('/users/profile/export')),
  row('GET /users/profile/sessions', signedIn(200), to('/users/profile/sessions')),
  row('DELETE /users/profile/sessions', signedIn(204), async (world, caller) => ({
    path: '/users/profile/sessions',
    as: await world.twin(caller),
  })),
  row('DELETE /users/profile/sessions/{id}', owners(204), async (world) => ({ path: `/users/profile/sessions/${await world.session()}` })),
  row('GET /users', admins(200), to('/users')),
  row('POST /users', admins(201), () => ({ path: '/users', body: registration() })),
  row(
    'GET /users/{id}',
    admins(200),
    at((id) => `/users/${id}`, account),
  ),
  row(
    'PATCH /users/{id}',
    admins(200),
    at((id) => `/users/${id}`, account, { first_name: 'Grace' }),
  ),
  row(
    'DELETE /users/{id}',
    admins(204),
    at((id) => `/users/${id}`, account),
  ),
  row('GET /users/{id}/posts', anyone(200), to('/users/3/posts')),
  row('GET /users/{id}/stats', anyone(200), to('/users/3/stats')),
  row('GET /audit', admins(200), to('/audit')),
];

const newProduct = (world: World): Json => ({ name: 'Thing', sku: world.name('SKU'), price: 1.5, stock_quantity: 1, category_id: 1 });

const catalogue: readonly Row[] = [
  row('GET /categories', anyone(200), to('/categories')),
  row('POST /categories', admins(201), (world) => ({ path: '/categories', body: { name: world.name('Shelf') } })),
  row('GET /categories/{id}', anyone(200), to('/categories/1')),
  row(
    'PATCH /categories/{id}',
    admins(200),
    at((id) => `/categories/${id}`, category, { sort_order: 1 }),
  ),
  row(
    'DELETE /categories/{id}',
    admins(204),
    at((id) => `/categories/${id}`, category),
  ),
  row('GET /categories/{id}/products', anyone(200), to('/categories/1/products')),
  row('GET /products', anyone(200), to('/products')),
  row('POST /products', sellers(201), (world) => ({ path: '/products', body: newProduct(world) })),
  row(
    'POST /products',
    '401 403 403 403 403 201',
    (world) => ({ path: '/products', body: { ...newProduct(world), seller_id: 2 } }),
    'another seller',
  ),
  row('POST /products/search', anyone(200), () => ({ path: '/products/search', body: { query: 'wireless' } })),
  row('GET /products/popular', anyone(200), to('/products/popular')),
  row('GET /products/by-slug/{slug}', anyone(200), async ({ app }) => {
    const [{ slug } = {}] = await app.query<{ slug: string }>('SELECT slug FROM products WHERE id = 1');
    return { path: `/products/by-slug/${slug}` };
  }),
  row('GET /products/{id}', anyone(200), to('/products/1')),
  row('GET /products/{id}/related', anyone(200), to('/products/1/related')),
  row(
    'PATCH /products/{id}',
    '401 403 403 200 404 200',
    at((id) => `/products/${id}`, product, { price: 2 }),
  ),
  row(
    'PATCH /products/{id}',
    '401 403 403 404 404 200',
    at((id) => `/products/${id}`, house, { price: 2 }),
    'the house',
  ),
  row(
    'DELETE /products/{id}',
    '401 403 403 204 404 204',
    at((id) => `/products/${id}`, product),
  ),
  row(
    'DELETE /products/{id}',
    '401 403 403 404 404 204',
    at((id) => `/products/${id}`, house),
    'the house',
  ),
];

const trade: readonly Row[] = [
  row('GET /cart', signedIn(200), to('/cart')),
  row('POST /cart/add', signedIn(200), async (world) => ({
    path: '/cart/add',
    body: { product_id: await world.houseProduct(), quantity: 1 },
  })),
  row('PATCH /cart/items/{product_id}', signedIn(200), async (world, caller) => ({
    path: `/cart/items/${await world.cartLine(caller)}`,
    body: { quantity: 2 },
  })),
  row(
    'PATCH /cart/items/{product_id}',
    owners(200),
    async (world) => ({ path: `/cart/items/${await world.cartLine('owner')}`, body: { quantity: 2 } }),
    'the owner',
  ),
  row('DELETE /cart/items/{product_id}', signedIn(200), async (world, caller) => ({ path: `/cart/items/${await world.cartLine(caller)}` })),
  row(
    'DELETE /cart/items/{product_id}',
    owners(200),
    async (world) => ({ path: `/cart/items/${await world.cartLine('owner')}` }),
    'the owner',
  ),
  row('DELETE /cart', signedIn(200), async (world, caller) => ({ path: '/cart', as: await world.twin(caller) })),
  row('POST /orders', signedIn(201), async (world) => ({
    path: '/orders',
    body: { items: [{ product_id: await world.product(), quantity: 1 }], shipping_address: 'Calle Mayor 1', payment_method: 'card' },
  })),
  row('GET /orders', signedIn(200), to('/orders')),
  row('GET /orders/all', sellers(200), to('/orders/all')),
  row(
    'GET /orders/{id}',
    owners(200),
    at((id) => `/orders/${id}`, order),
  ),
  row(
    'POST /orders/{id}/cancel',
    owners(200),
    at((id) => `/orders/${id}/cancel`, order),
  ),
  row(
    'PATCH /orders/{id}/status',
    '401 403 403 200 404 200',
    at((id) => `/orders/${id}/status`, order, { status: 'processing' }),
  ),
  row(
    'PATCH /orders/{id}/status',
    '401 403 403 403 403 200',
    at((id) => `/orders/${id}/status`, mixed, { status: 'processing' }),
    'two sellers',
  ),
  row(
    'PATCH /orders/{id}/payment',
    admins(200),
    at((id) => `/orders/${id}/payment`, order, { payment_status: 'paid' }),
  ),
  row(
    'GET /products/{id}/reviews',
    anyone(200),
    at((id) => `/products/${id}/reviews`, reviewed),
  ),
  row(
    'POST /products/{id}/reviews',
    signedIn(201),
    at((id) => `/products/${id}/reviews`, product, { rating: 5 }),
  ),
  row('GET /reviews/mine', signedIn(200), to('/reviews/mine')),
  row(
    'PATCH /reviews/{id}',
    owners(200),
    at((id) => `/reviews/${id}`, review, { rating: 3 }),
  ),
  row(
    'DELETE /reviews/{id}',
    ownersAndAdmins(204),
    at((id) => `/reviews/${id}`, review),
  ),
  row('GET /reviews', admins(200), to('/reviews')),
  row(
    'POST /reviews/{id}/approve',
    admins(200),
    at((id) => `/reviews/${id}/approve`, review),
  ),
  row(
    'POST /reviews/{id}/reject',
    admins(200),
    at((id) => `/reviews/${id}/reject`, review),
  ),
];

const community: readonly Row[] = [
  row('GET /posts', anyone(200), to('/posts')),
  row('POST /posts', signedIn(201), () => ({ path: '/posts', body: { title: 'A title', body: 'A body' } })),
  row('GET /posts/trending', anyone(200), to('/posts/trending')),
  row('GET /posts/{id}', anyone(200), to('/posts/1')),
  row(
    'PATCH /posts/{id}',
    ownersAndAdmins(200),
    at((id) => `/posts/${id}`, post, { title: 'Another' }),
  ),
  row(
    'DELETE /posts/{id}',
    ownersAndAdmins(204),
    at((id) => `/posts/${id}`, post),
  ),
  row(
    'GET /posts/{id}/comments',
    anyone(200),
    at((id) => `/posts/${id}/comments`, discussed),
  ),
  row(
    'POST /posts/{id}/comments',
    signedIn(201),
    at((id) => `/posts/${id}/comments`, post, { body: 'Well said' }),
  ),
  row(
    'GET /comments/{id}',
    anyone(200),
    at((id) => `/comments/${id}`, comment),
  ),
  row(
    'PATCH /comments/{id}',
    ownersAndAdmins(200),
    at((id) => `/comments/${id}`, comment, { body: 'Better said' }),
  ),
  row(
    'DELETE /comments/{id}',
    ownersAndAdmins(204),
    at((id) => `/comments/${id}`, comment),
  ),
  row('GET /tags', anyone(200), to('/tags')),
  row('POST /tags', admins(201), (world) => ({ path: '/tags', body: { name: world.name('Tag') } })),
  row('GET /tags/{id}', anyone(200), to('/tags/1')),
  row('GET /tags/{id}/posts', anyone(200), to('/tags/1/posts')),
  row('PATCH /tags/{id}', admins(200), async (world) => ({ path: `/tags/${await world.tag()}`, body: { name: world.name('Tag') } })),
  row(
    'DELETE /tags/{id}',
    admins(204),
    at((id) => `/tags/${id}`, tag),
  ),
  row('GET /stats', anyone(200), to('/stats')),
];

/** One of five webhooks, each with a delivery that was given up: what an admin has to do with. */
async function webhook({ app }: World): Promise<{ id: number; deliveryId: number }> {
  const [made] = await app.query<{ id: number; delivery_id: number }>(`
    WITH hook AS (
      INSERT INTO webhooks (url, secret, event_types) SELECT 'https://shop.example/' || n, 'x', '{order.*}' FROM generate_series(1, 5) AS n RETURNING id
    ), event AS (
      INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload, delivered_at)
      SELECT 'product', 1, 'product.changed', '{"product_id": 1, "fields": []}', now() FROM generate_series(1, 5) RETURNING id
    ), delivery AS (
      INSERT INTO webhook_deliveries (webhook_id, outbox_id, aggregate_type, aggregate_id, status)
      SELECT (SELECT max(id) FROM hook), event.id, 'product', 1, 'dead' FROM event RETURNING id, webhook_id
    )
    SELECT webhook_id AS id, id AS delivery_id FROM delivery LIMIT 1`);
  return { id: made?.id ?? 0, deliveryId: made?.delivery_id ?? 0 };
}

const csv = (world: World): Request => ({
  path: '/products/import',
  body: `sku,name,price,stock_quantity,category\n${world.name('sku').replaceAll(' ', '-')},Thing,1,1,1\n`,
  headers: { 'content-type': 'text/csv' },
});

const exchange: readonly Row[] = [
  row('POST /products/import', sellers(200), csv),
  row('GET /products/export', sellers(200), to('/products/export')),
  row('GET /webhooks', admins(200), async (world) => {
    await webhook(world);
    return { path: '/webhooks' };
  }),
  row('POST /webhooks', admins(201), () => ({ path: '/webhooks', body: { url: 'https://shop.example/new', event_types: ['order.*'] } })),
  row('DELETE /webhooks/{id}', admins(204), async (world) => ({ path: `/webhooks/${(await webhook(world)).id}` })),
  row('GET /webhooks/{id}/deliveries', admins(200), async (world) => ({ path: `/webhooks/${(await webhook(world)).id}/deliveries` })),
  row('POST /webhooks/deliveries/{id}/replay', admins(200), async (world) => ({
    path: `/webhooks/deliveries/${(await webhook(world)).deliveryId}/replay`,
  })),
];

/** Every route of the document, with a request that succeeds for whoever may, and what each caller is answered. */
export const rows: readonly Row[] = [...accounts, ...catalogue, ...trade, ...community, ...exchange, ...operation];

interface Documented {
  readonly route: string;
  readonly access: readonly string[];
  readonly statuses: readonly number[];
  readonly parameters: readonly string[];
}

type Paths = Record<string, Record<string, { 'x-access': string[]; responses: Json; parameters?: { name: string }[] }>>;

export async function documentedRoutes({ app }: Pick<World, 'app'>): Promise<Documented[]> {
  const { paths } = (await app.get('/openapi.json')).body as { paths: Paths };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { 'x-access': access, responses, parameters = [] }]) => ({
      route: `${method.toUpperCase()} ${path}`,
      access,
      statuses: Object.keys(responses).map(Number),
      parameters: parameters.map(({ name }) => name),
    })),
  );
}
