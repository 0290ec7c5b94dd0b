import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { documentedRoutes, rows } from './routes/routes.fixture.js';
import { callers, World } from './routes/world.fixture.js';

/** Statements that a route may issue at most, whatever it lists; the look at the caller's session is one of them. */
const budgets: Readonly<Record<string, number>> = {
  'GET /audit': 2,
  'GET /cache/explain': 1,
  'GET /cache/keys': 1,
  'GET /cache/stats': 1,
  'GET /cart': 2,
  'GET /categories': 1,
  'GET /categories/{id}': 1,
  'GET /categories/{id}/products': 2,
  'GET /comments/{id}': 1,
  'GET /health': 1,
  'GET /health/live': 0,
  'GET /health/ready': 1,
  'GET /metrics': 0,
  'GET /monitoring/alerts': 1,
  'GET /monitoring/alerts/history': 1,
  'GET /monitoring/business': 2,
  'GET /monitoring/performance': 1,
  'GET /orders': 2,
  'GET /orders/all': 2,
  'GET /orders/{id}': 2,
  'GET /posts': 1,
  'GET /posts/trending': 1,
  'GET /posts/{id}': 1,
  'GET /posts/{id}/comments': 1,
  'GET /profiling': 1,
  'GET /profiling/endpoints': 1,
  'GET /profiling/findings': 1,
  'GET /profiling/queries': 3,
  'GET /profiling/requests': 1,
  'GET /profiling/requests/{request_id}': 1,
  'GET /products': 1,
  'GET /products/by-slug/{slug}': 1,
  'GET /products/export': 4,
  'GET /products/popular': 1,
  'GET /products/{id}': 1,
  'GET /products/{id}/related': 1,
  'GET /products/{id}/reviews': 1,
  'GET /reviews': 2,
  'GET /reviews/mine': 2,
  'GET /stats': 1,
  'GET /tags': 1,
  'GET /tags/{id}': 1,
  'GET /tags/{id}/posts': 1,
  'GET /users': 2,
  'GET /users/profile': 2,
  'GET /users/profile/export': 14,
  'GET /users/profile/sessions': 2,
  'GET /users/{id}': 2,
  'GET /users/{id}/posts': 1,
  'GET /users/{id}/stats': 1,
  'GET /webhooks': 2,
  'GET /webhooks/{id}/deliveries': 2,
};

/** What a list lists: the first list in it that is not empty. */
const listed = (body: Json): unknown[] =>
  Object.values(body).find((value): value is unknown[] => Array.isArray(value) && value.length > 0) ?? [];

describe('what a reading route may ask of the database', () => {
  let app: TestApp;
  let world: World;
  let documented: Awaited<ReturnType<typeof documentedRoutes>>;
  beforeAll(async () => {
    app = await startTestApp();
    world = await World.create(app);
    documented = await documentedRoutes(world);
  }, 120_000);
  afterAll(() => app.close());

  it('has a budget for every such route of the document, and for no other', () => {
    const reading = documented.map(({ route }) => route).filter((route) => route.startsWith('GET '));
    expect(Object.keys(budgets).toSorted()).toEqual(reading.toSorted());
  });

  it.each(Object.entries(budgets))('%s: at most %i', async (route, budget) => {
    const { build, statuses } = rows.find((row) => row.route === route)!;
    const caller = callers.find((candidate) => statuses[candidate] === 200)!;
    const isPaged = documented.find((entry) => entry.route === route)?.parameters.includes('page_size') ?? false;
    const read = async (query: string) => {
      const { path } = await build(world, caller);
      return app.queriesOf(() => app.get(path + query, { as: world.tokenOf(caller) }));
    };
    const small = await read(isPaged ? '?page_size=2' : '');
    const large = await read(isPaged ? '?page_size=100' : '');
    expect([small.result.status, large.result.status]).toEqual([200, 200]);
    expect(Math.max(small.count, large.count)).toBeLessThanOrEqual(budget);
    expect(small.count).toBe(large.count);
    // Several rows, or the budget would say nothing.
    expect(!isPaged || (listed(small.result.body).length === 2 && listed(large.result.body).length > 3)).toBe(true);
  });
});
