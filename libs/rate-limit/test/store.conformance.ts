import type { Algorithm, LimitStore } from '../src/stores/store.js';
import { meterOf, randomFrom } from './fakes.js';
import { vectors } from './vectors.js';

export interface StoreUnderTest {
  readonly store: LimitStore;
  /** Milliseconds since the start; never goes back. */
  readonly setTime: (ms: number) => void;
}

const algorithms: readonly Algorithm[] = ['sliding-log', 'gcra'];

/** The suite that every store passes, for either algorithm. `make` gives a store whose time the test sets. */
export function describeLimitStore(make: () => StoreUnderTest): void {
  describe.each(algorithms)('%s', (algorithm) => {
    it.each(vectors)('$rule', async ({ rule, limit: usual, steps }) => {
      const { store, setTime } = make();
      const meter = meterOf(`${algorithm}: ${rule}`, algorithm);
      for (const { at, limit = usual, cost = 1, times = 1, expected } of steps) {
        setTime(at);
        for (let time = 0; time < times; time += 1) {
          const { isAllowed, remaining, waitMs } = await store.take({ meter, client: 'a', limit, cost });
          expect({ at, decision: [isAllowed, remaining, waitMs] }).toEqual({ at, decision: expected[algorithm] });
        }
      }
    });

    it('counts each client and each meter apart', async () => {
      const { store, setTime } = make();
      setTime(0);
      const [one, two] = [meterOf(`${algorithm}: one`, algorithm), meterOf(`${algorithm}: two`, algorithm)];
      const asks = [one, two].flatMap((meter) => ['a', 'b', 'a'].map((client) => ({ meter, client, limit: 1, cost: 1 })));
      const decisions = [];
      for (const ask of asks) decisions.push((await store.take(ask)).isAllowed);
      expect(decisions).toEqual([true, true, false, true, true, false]);
    });

    it('lets exactly the limit through of a thousand that come at once', async () => {
      const { store, setTime } = make();
      setTime(0);
      const meter = meterOf(`${algorithm}: at once`, algorithm);
      const decisions = await Promise.all(
        Array.from({ length: 1000 }, async () => store.take({ meter, client: 'a', limit: 100, cost: 1 })),
      );
      expect(decisions.filter(({ isAllowed }) => isAllowed)).toHaveLength(100);
    });

    it('gives a client that asks at twice its limit exactly its limit', async () => {
      const { store, setTime } = make();
      const meter = meterOf(`${algorithm}: twice`, algorithm);
      const perWindow: number[] = [];
      for (let window = 0; window < 5; window += 1) {
        let allowed = 0;
        for (let tick = 0; tick < 200; tick += 1) {
          setTime(window * 60_000 + tick * 300);
          if ((await store.take({ meter, client: 'a', limit: 100, cost: 1 })).isAllowed) allowed += 1;
        }
        perWindow.push(allowed);
      }
      // GCRA gives the burst on top, once.
      expect(perWindow).toEqual(algorithm === 'gcra' ? [199, 100, 100, 100, 100] : [100, 100, 100, 100, 100]);
    });
  });

  it('never lets more than the limit through in any trailing window, and never waits in vain', async () => {
    const { store, setTime } = make();
    const meter = meterOf('trailing');
    const random = randomFrom(7);
    const allowedAt: number[] = [];
    let [now, promisedAt] = [0, 0];
    for (let step = 0; step < 3000; step += 1) {
      now += random() < 0.1 ? Math.floor(random() * 30_000) : Math.floor(random() * 400);
      setTime(now);
      const { isAllowed, waitMs } = await store.take({ meter, client: 'a', limit: 20, cost: 1 });
      if (isAllowed) allowedAt.push(now);
      expect({ step, isAllowed }).toEqual({ step, isAllowed: now >= promisedAt });
      promisedAt = isAllowed && allowedAt.filter((at) => at > now - 60_000).length < 20 ? 0 : now + waitMs;
    }
    const worst = Math.max(...allowedAt.map((end) => allowedAt.filter((at) => at <= end && at > end - 60_000).length));
    expect(worst).toBe(20);
  });
}
