import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { meterOf, TestClock } from '../../test/fakes.js';
import { describeLimitStore } from '../../test/store.conformance.js';
import { MemoryStore } from './memory.store.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use once no more garbage is found, that of earlier suites in this process included. */
async function heapBytes(): Promise<number> {
  for (let before = Infinity; ;) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed } = process.memoryUsage();
    if (heapUsed > before - 100_000) return heapUsed;
    before = heapUsed;
  }
}

const meter = meterOf('GET /products');
const megabyte = 1024 * 1024;

describe('MemoryStore', () => {
  describeLimitStore(() => {
    const clock = new TestClock();
    return { store: new MemoryStore({ clock, maxBytes: megabyte }), setTime: (ms) => (clock.elapsedMs = ms) };
  });

  it('does not care how the wall clock is set', () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock, maxBytes: megabyte });
    const take = () => store.take({ meter, client: 'a', limit: 2, cost: 1 });
    expect([take().isAllowed, take().isAllowed, take().isAllowed]).toEqual([true, true, false]);
    clock.wallMs += 86_400_000;
    expect(take()).toEqual({ isAllowed: false, remaining: 0, waitMs: 60_000 });
    clock.wallMs -= 10 * 86_400_000;
    expect(take()).toEqual({ isAllowed: false, remaining: 0, waitMs: 60_000 });
  });

  it('counts on exactly across the change of generations, at whatever moment a client returns', () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock, maxBytes: megabyte });
    const take = (client: string) => store.take({ meter, client, limit: 1, cost: 1 }).isAllowed;
    take('first');
    for (let start = 1000; start < 400_000; start += 7001) {
      clock.elapsedMs = start;
      expect(take(`at ${start}`)).toBe(true);
      clock.elapsedMs = start + 59_999;
      expect(take(`at ${start}`)).toBe(false);
      clock.elapsedMs = start + 60_000;
      expect(take(`at ${start}`)).toBe(true);
      clock.elapsedMs = start;
    }
  });

  it('keeps a long window while short ones come and go', () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock, maxBytes: megabyte });
    const hourly = meterOf('POST /reports', 'sliding-log', 3_600_000);
    const take = (asked: typeof meter, client: string) => store.take({ meter: asked, client, limit: 1, cost: 1 }).isAllowed;
    expect(take(hourly, 'a')).toBe(true);
    for (let minute = 1; minute < 60; minute += 1) {
      clock.elapsedMs = minute * 60_000;
      expect([take(meter, 'a'), take(hourly, 'a')]).toEqual([true, false]);
    }
    clock.elapsedMs = 3_600_000;
    expect(take(hourly, 'a')).toBe(true);
  });

  it('forgets a client that was quiet, without a timer', () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock, maxBytes: megabyte });
    for (let client = 0; client < 100; client += 1) store.take({ meter, client: `${client}`, limit: 5, cost: 1 });
    clock.advance(60_000);
    store.take({ meter, client: 'other', limit: 5, cost: 1 });
    clock.advance(60_000);
    store.take({ meter, client: 'other', limit: 5, cost: 1 });
    expect(store.stats()).toMatchObject({ clients: 1, forgotten: 0 });
  });

  it('holds 100,000 clients in less than 64 MB, and its own estimate of them is fair', async () => {
    const before = await heapBytes();
    const store = new MemoryStore({ clock: new TestClock(), maxBytes: 64 * megabyte });
    for (let client = 0; client < 100_000; client += 1)
      store.take({ meter, client: `ip:10.${client % 250}.${client}`, limit: 200, cost: 1 });
    const bytes = (await heapBytes()) - before;
    expect(store.stats()).toMatchObject({ clients: 100_000, forgotten: 0 });
    expect(bytes).toBeLessThan(64 * megabyte);
    expect(store.stats().bytes / bytes).toBeGreaterThan(0.8);
    expect(store.stats().bytes / bytes).toBeLessThan(1.5);
  });

  it('stays within its bound under a million made-up clients, and still counts the one that keeps coming', async () => {
    const store = new MemoryStore({ clock: new TestClock(), maxBytes: 4 * megabyte });
    const before = await heapBytes();
    const regular: boolean[] = [];
    for (let client = 0; client < 1_000_000; client += 1) {
      store.take({ meter, client: `ip:${client}`, limit: 200, cost: 1 });
      if (client % 1000 === 0) regular.push(store.take({ meter, client: 'regular', limit: 50, cost: 1 }).isAllowed);
    }
    expect((await heapBytes()) - before).toBeLessThan(5 * megabyte);
    expect(store.stats().bytes).toBeLessThanOrEqual(4 * megabyte + 1000);
    expect(store.stats().forgotten).toBeGreaterThan(900_000);
    expect(regular.filter(Boolean)).toHaveLength(50);
  });

  it('bounds what one client can make it keep', () => {
    const store = new MemoryStore({ clock: new TestClock(), maxBytes: megabyte });
    for (let hit = 0; hit < 10_000; hit += 1) store.take({ meter, client: 'a', limit: 300, cost: 1 });
    expect(store.stats().bytes).toBeLessThan(300 + 512 * 8 + 1);
  });
});
