import { Cleanup } from '../systems/children.mjs';
import { startFloor } from '../systems/floor.mjs';
import { startLoad } from './load.mjs';

const world = { products: [1, 2, 3], addresses: ['10.0.0.1'], tokens: ['a', 'b', 'c', 'd'], orderable: 9 };
const reply = (headers = []) => ({ headers, body: Buffer.from('{}') });

describe('the load generator, against a bare server', () => {
  const cleanup = new Cleanup();
  let floor;
  let load;
  beforeAll(async () => {
    floor = await startFloor('http', cleanup);
    load = await startLoad(world, cleanup);
  });
  afterAll(() => cleanup.run());

  const job = (more) => load({ url: floor.url, connections: 8, behaviour: 'detailUniform', seconds: 0.5, seed: 1, ...more });
  const arrivals = { kind: 'arrivals', rate: 100 };

  it('sends as many requests as the rate asks for, and waits for every answer', async () => {
    await floor.answer(reply());
    const { all, routes, turns } = await job({ mode: arrivals });
    expect(all).toMatchObject({ requests: 50, accepted: 50, errors: 0, statuses: { 200: 50 }, hitRatio: NaN });
    expect(Object.keys(routes)).toEqual(['GET /products/{id}']);
    expect(all.p50Ms).toBeGreaterThan(0);
    expect(turns.requests).toBe(0);
  });

  it('lets each user finish a turn of several steps', async () => {
    const { routes, turns } = await job({ behaviour: 'orderItems', mode: { kind: 'users', users: 2 } });
    expect(turns.requests).toBeGreaterThan(0);
    expect(routes['POST /orders'].requests).toBe(turns.requests);
    expect(routes['POST /cart/add'].requests).toBe(turns.requests);
  });

  it('counts what a cache has answered', async () => {
    await floor.answer(reply(['cache-status', 'techmart; hit; ttl=30']));
    expect((await job({ mode: arrivals })).all.hitRatio).toBe(1);
    await floor.answer(reply(['cache-status', 'techmart; fwd=miss; detail=hit-for-none']));
    expect((await job({ mode: arrivals })).all.hitRatio).toBe(0);
  });

  it('takes the world of a job for more than that of all jobs', async () => {
    await floor.answer(reply());
    const { routes } = await job({ behaviour: 'listPage', world: { pageSize: 5 }, mode: arrivals });
    expect(routes['GET /products'].accepted).toBe(50);
  });

  it('counts requests without an answer as errors', async () => {
    const { all } = await job({ url: 'http://127.0.0.1:1', mode: arrivals });
    expect(all).toMatchObject({ requests: 50, accepted: 0, errors: 50, statuses: { 0: 50 } });
  });

  it('tells of its own failure, and goes on', async () => {
    await expect(job({ behaviour: 'unheard of', mode: arrivals })).rejects.toThrow('is not a function');
    expect((await job({ mode: arrivals })).all.requests).toBe(50);
  });
});
