import { describeRedis, RedisServer } from '../../../../libs/cache/test/redis-server.js';
import type { Json } from '../app.harness.js';
import { Chance } from '../random-run/chance.js';
import { Fleet, type Both } from './replicas.fixture.js';
import { percentile, Traffic } from './traffic.js';

const [readers, writers, productsPerWriter] = [12, 2, 4];
const pages = ['/categories', '/products', '/products/popular', '/products?sort_by=price&page_size=5', '/posts'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeRedis('Redis in trouble under load', () => {
  let redis: RedisServer;
  let fleet: Fleet;
  let both: Both;
  let traffic: Traffic;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    redis = await RedisServer.start();
    fleet = await Fleet.create(redis);
    both = await fleet.start();
  }, 120_000);
  beforeEach(async () => {
    traffic = new Traffic(fleet, both);
    stop = await load(traffic);
    await sleep(500);
  });
  afterEach(async () => {
    redis.thaw();
    await stop();
  });
  afterAll(async () => {
    await fleet.close();
    await redis.stop();
  });

  /** Clients that ask and write until they are told to stop. */
  async function load(to: Traffic): Promise<() => Promise<void>> {
    const groups = await Promise.all(Array.from({ length: writers }, () => fleet.products(productsPerWriter)));
    const products = groups.flat();
    const running = { isOver: false };
    const read = async (chance: Chance, at: number): Promise<void> => {
      while (!running.isOver) {
        if (chance.is(0.2)) await to.get(chance.pick(pages, '/stats'), at);
        else await to.read(chance.pick(products, 0), at);
      }
    };
    const write = async (own: readonly number[], chance: Chance): Promise<void> => {
      while (!running.isOver) {
        await to.write(chance.pick(own, 0), chance.int(0, 1));
        await sleep(chance.int(0, 30));
      }
    };
    const clients = Promise.all([
      ...Array.from({ length: readers }, (_, index) => read(new Chance(index), index % 2)),
      ...groups.map((own, index) => write(own, new Chance(1000 + index))),
    ]);
    return async () => {
      running.isOver = true;
      await clients;
    };
  }

  const links = async (): Promise<Json[]> => Promise.all(both.map(async (replica) => (await fleet.statsOf(replica))['l2'] as Json));
  const sum = (stats: readonly Json[], name: string): number => stats.reduce((total, link) => total + (link[name] as number), 0);
  /** Until each replica has stopped asking. */
  const untilOpen = async (): Promise<void> => {
    while (!(await links()).every(({ circuit }) => circuit === 'open')) await sleep(20);
  };
  const untilWell = async (): Promise<void> => {
    for (const replica of both) await fleet.isWell(replica);
  };

  /** What is true from here on: every write that was acknowledged is seen, and nothing older. */
  async function expectNothingOld(): Promise<void> {
    const before = traffic.violations.length;
    await sleep(1500);
    expect(traffic.violations.slice(before)).toEqual([]);
  }
  function tell(name: string): void {
    const { durationsMs } = traffic;
    const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => percentile(durationsMs, share).toFixed(1));
    process.stdout.write(
      `${name}: ${durationsMs.length} requests, ${traffic.failures.length} failed; p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms\n`,
    );
    traffic.durationsMs = [];
  }

  it('loses no request when it is killed and started again', async () => {
    const before = await links();
    await redis.kill();
    await untilOpen();
    await sleep(1500);
    tell('Redis killed');
    await redis.start();
    await untilWell();
    await expectNothingOld();
    tell('Redis back');
    expect(traffic.failures).toEqual([]);
    expect(sum(await links(), 'openings')).toBeGreaterThanOrEqual(sum(before, 'openings') + 2);
  }, 60_000);

  it('loses none while it hangs, and makes only a few wait for it', async () => {
    const before = await links();
    redis.freeze();
    await untilOpen();
    await sleep(1500);
    tell('Redis frozen');
    const during = await links();
    redis.thaw();
    await untilWell();
    await expectNothingOld();
    tell('Redis thawed');
    expect(traffic.failures).toEqual([]);
    expect(sum(during, 'openings')).toBeGreaterThanOrEqual(sum(before, 'openings') + 2);
    // Those that were on their way when it stopped, and the probes; of thousands that were answered.
    expect(sum(during, 'timeouts') - sum(before, 'timeouts')).toBeLessThan(150);
    expect(sum(await links(), 'pending_invalidations')).toBe(0);
  }, 60_000);

  it('loses none while it is full, and does not take that for an outage', async () => {
    const commands = await redis.connect();
    const before = await links();
    await commands.configSet({ maxmemory: '1', 'maxmemory-policy': 'noeviction' });
    await sleep(1500);
    tell('Redis full');
    const during = await links();
    await commands.configSet({ maxmemory: '0' });
    await untilWell();
    await expectNothingOld();
    tell('Redis with room again');
    expect(traffic.failures).toEqual([]);
    expect(sum(during, 'refused_when_full')).toBeGreaterThan(sum(before, 'refused_when_full'));
    expect(during.map(({ circuit }) => circuit)).toEqual(['closed', 'closed']);
  }, 60_000);
});
