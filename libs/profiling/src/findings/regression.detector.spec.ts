import { startProfiler, TestClock, tellRequest } from '../../test/facts.js';
import type { Profiler } from '../profiler.js';
import type { Baseline } from './regression.detector.js';

const window = { windowMs: 1000, windowRequests: 10, regressionRatio: 1.5, slowRequestMs: 500 };

class MemoryStore {
  saved: Baseline[] = [];
  isDown = false;

  async load(): Promise<readonly Baseline[]> {
    if (this.isDown) throw new Error('away');
    return this.saved;
  }

  async save(baselines: readonly Baseline[]): Promise<void> {
    if (this.isDown) throw new Error('away');
    this.saved = [...baselines];
  }
}

let clock: TestClock;
let store: MemoryStore;
let profiler: Profiler;
const start = async (): Promise<void> => {
  await profiler?.onApplicationShutdown();
  profiler = await startProfiler({ ...window, clock, baselines: store });
};
beforeEach(() => {
  clock = new TestClock();
  store = new MemoryStore();
  return start();
});
afterAll(() => profiler.onApplicationShutdown());

/** One window of requests that take so long; the first request after it has it judged. */
async function pass(durationMs: number, count = 20): Promise<void> {
  for (let n = 1; n < count; n += 1) tellRequest({ durationMs, endedAt: clock.monotonic() });
  clock.advance(1001);
  tellRequest({ durationMs, endedAt: clock.monotonic() });
  await new Promise((resolve) => setImmediate(resolve));
}
const kinds = () => profiler.findings().map(({ kind }) => kind);
const baseline = () => Math.round(profiler.baselineMs('GET /things') ?? 0);

describe('regression', () => {
  it('is a 95th percentile of half as much again as the baseline, which stays', async () => {
    await pass(20);
    expect([baseline(), kinds()]).toEqual([20, []]);
    await pass(40);
    const [finding] = profiler.findings();
    expect(finding).toMatchObject({
      kind: 'regression',
      title: expect.stringMatching(/^Its 95th percentile rose from (19|20)\.\d to (39|40)\.\d ms$/),
    });
    expect(Number(finding?.figures['ratio'])).toBeCloseTo(2, 0);
    await pass(40);
    expect([baseline(), profiler.findings()[0]?.occurrences]).toEqual([20, 2]);
  });

  it('is no slow decline that carries its baseline along', async () => {
    await pass(20);
    for (const durationMs of [23, 26, 29, 31]) await pass(durationMs);
    expect([baseline(), kinds()]).toEqual([20, ['regression']]);
  });

  it('is judged anew when the endpoint has become faster', async () => {
    await pass(100);
    for (let n = 0; n < 30; n += 1) await pass(20);
    expect(baseline()).toBe(20);
    await pass(40);
    expect(kinds()).toEqual(['regression']);
  });

  it('is no rise of a few milliseconds, however large its ratio', async () => {
    await pass(1);
    await pass(5);
    expect(kinds()).toEqual([]);
  });

  it('waits until a window has enough requests', async () => {
    await pass(20);
    await pass(200, 5);
    expect(kinds()).toEqual([]);
    await pass(200, 6);
    expect(kinds()).toEqual(['regression']);
  });

  it('is seen against the baseline that was stored before a restart', async () => {
    await pass(20);
    expect(store.saved).toEqual([{ endpoint: 'GET /things', p95Ms: expect.any(Number), requests: 20 }]);
    await start();
    await pass(40);
    expect(kinds()).toEqual(['regression']);
  });

  it('goes on without its store, and says that it has failed', async () => {
    store.isDown = true;
    await start();
    await pass(20);
    await pass(40);
    expect([kinds(), profiler.status().failures.baselines]).toEqual([['regression'], 3]);
  });
});

describe('a slow endpoint', () => {
  it('is one whose 95th percentile is over the threshold', async () => {
    await pass(600);
    expect(profiler.findings()).toMatchObject([{ kind: 'slow-endpoint', figures: { threshold_ms: 500, requests: 20 } }]);
  });
});
