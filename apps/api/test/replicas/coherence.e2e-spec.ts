import { describeRedis, RedisServer } from '../../../../libs/cache/test/redis-server.js';
import type { Json } from '../app.harness.js';
import { Chance } from '../random-run/chance.js';
import { Fleet, type Both } from './replicas.fixture.js';
import { percentile, Traffic } from './traffic.js';

const seconds = Number(process.env['COHERENCE_SECONDS'] ?? 15);
const seed = Number(process.env['COHERENCE_SEED'] ?? 20_261_126);
const [writers, readers, productsPerWriter] = [4, 8, 2];
/** Long, so that most writes fall into the middle of a load. */
const slowLoads = { SLOW_LOAD_MS: '50' };

interface Run {
  readonly traffic: Traffic;
  /** From the acknowledgement of a write to the end of the first answer of the other replica that shows it, in milliseconds. */
  readonly propagationMs: number[];
  /** How often that was the very first answer. */
  firstAnswers: number;
}

describeRedis(`two replicas that are written to and read at random, seed ${seed}`, () => {
  let redis: RedisServer;
  let fleet: Fleet;
  beforeAll(async () => {
    redis = await RedisServer.start();
    fleet = await Fleet.create(redis);
  }, 120_000);
  afterEach(() => fleet.stopAll());
  afterAll(async () => {
    await fleet.close();
    await redis.stop();
  });

  /** Until the time is over, or the first violation if that is what is looked for. */
  async function run(both: Both, { untilViolation }: { readonly untilViolation: boolean }): Promise<Run> {
    const traffic = new Traffic(fleet, both);
    const result: Run = { traffic, propagationMs: [], firstAnswers: 0 };
    const groups = await Promise.all(Array.from({ length: writers }, () => fleet.products(productsPerWriter)));
    const products = groups.flat();
    const until = performance.now() + seconds * 1000;
    const isOver = (): boolean => performance.now() >= until || (untilViolation && traffic.violations.length > 0);

    const propagate = async (product: number, sequence: number, other: number): Promise<void> => {
      const at = performance.now();
      let answers = 1;
      while ((await traffic.read(product, other)) < sequence) {
        if (isOver()) return;
        answers += 1;
      }
      result.propagationMs.push(performance.now() - at);
      if (answers === 1) result.firstAnswers += 1;
    };
    const write = async (own: readonly number[], chance: Chance): Promise<void> => {
      while (!isOver()) {
        const [product, at] = [chance.pick(own, 0), chance.int(0, 1)];
        const sequence = await traffic.write(product, at);
        await traffic.read(product, at);
        if (chance.is(0.5)) await propagate(product, sequence, 1 - at);
      }
    };
    const invalidate = async (chance: Chance): Promise<void> => {
      while (!isOver()) {
        const tags = [`product:${chance.pick(products, 0)}`];
        await both[chance.int(0, 1) as 0 | 1].call('POST', '/cache/invalidate', fleet.admin, { tags });
        await new Promise((resolve) => setTimeout(resolve, chance.int(0, 20)));
      }
    };
    const look = async (chance: Chance, at: number): Promise<void> => {
      while (!isOver()) await traffic.read(chance.pick(products, 0), at);
    };
    await Promise.all([
      ...groups.map((own, index) => write(own, new Chance(seed + index))),
      ...Array.from({ length: readers }, (_, index) => look(new Chance(seed + 100 + index), index % 2)),
      invalidate(new Chance(seed + 200)),
    ]);
    return result;
  }

  function tell(name: string, { traffic, propagationMs, firstAnswers }: Run): void {
    const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => percentile(propagationMs, share).toFixed(1));
    const seen = `${firstAnswers} of ${propagationMs.length} seen by the first answer of the other replica`;
    process.stdout.write(
      `${name}: ${traffic.history.reads} reads, ${traffic.writes} writes, ${traffic.violations.length} violations; ` +
        `propagation p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms; ${seen}\n`,
    );
  }

  const fencedBy = async (both: Both): Promise<number[]> => {
    const stats = await Promise.all(both.map((replica) => fleet.statsOf(replica)));
    return stats.map(({ types }) => (types as Json[]).find(({ type }) => type === 'product_detail')?.['fenced'] as number);
  };

  it(
    `show no read older than an acknowledged write, for ${seconds} s`,
    async () => {
      const both = await fleet.start(['slow-loads'], slowLoads);
      const result = await run(both, { untilViolation: false });
      tell('coherence', result);
      expect([result.traffic.violations, result.traffic.failures]).toEqual([[], []]);
      // Or nothing was tried: values were refused since a write had come in the middle of their load.
      expect(Math.min(...(await fencedBy(both)))).toBeGreaterThan(0);
      expect(result.propagationMs.length).toBeGreaterThan(10);
    },
    (seconds + 90) * 1000,
  );

  it(
    'would be seen to show one without the fence',
    async () => {
      const both = await fleet.start(['slow-loads', 'unfenced'], slowLoads);
      const result = await run(both, { untilViolation: true });
      tell('without the fence', result);
      expect(result.traffic.violations).not.toEqual([]);
    },
    (seconds + 90) * 1000,
  );
});
