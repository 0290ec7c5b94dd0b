import { ViewCounter, type DailyViews } from './view-counter.js';

const flushMs = 5000;

function setUp({ maxPosts = 100 } = {}) {
  const state = { now: Date.parse('2026-01-31T23:59:50Z'), isBroken: false };
  const batches: DailyViews[][] = [];
  const errors: unknown[] = [];
  const gates: (() => void)[] = [];
  const slow = { is: false };
  const counter = new ViewCounter({
    clock: { now: () => state.now, monotonic: () => state.now },
    write: async (batch) => {
      if (slow.is) await new Promise<void>((resolve) => gates.push(resolve));
      if (state.isBroken) throw new Error('the database is away');
      batches.push([...batch]);
    },
    flushMs,
    maxPosts,
    onError: (error) => errors.push(error),
  });
  const open = (): void => gates.splice(0).forEach((gate) => gate());
  return { state, batches, errors, slow, open, counter };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('ViewCounter', () => {
  it('writes a thousand views of two posts as one batch of two rows', async () => {
    const { counter, batches } = setUp();
    for (let n = 0; n < 1000; n += 1) counter.count(n % 4 === 0 ? 7 : 9);
    await jest.advanceTimersByTimeAsync(flushMs - 1);
    expect(batches).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(batches).toEqual([
      [
        { postId: 7, day: '2026-01-31', views: 250 },
        { postId: 9, day: '2026-01-31', views: 750 },
      ],
    ]);
    expect(counter.size).toBe(0);
  });

  it('counts each view for the day on which it was seen', async () => {
    const { counter, batches, state } = setUp();
    counter.count(7);
    state.now += 10_000;
    counter.count(7);
    await counter.flush();
    expect(batches).toEqual([
      [
        { postId: 7, day: '2026-01-31', views: 1 },
        { postId: 7, day: '2026-02-01', views: 1 },
      ],
    ]);
  });

  it('runs no timer before the first view and none once all is written', async () => {
    const { counter } = setUp();
    expect(jest.getTimerCount()).toBe(0);
    counter.count(7);
    counter.count(8);
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(flushMs);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('writes at once when it is full', async () => {
    const { counter, batches } = setUp({ maxPosts: 3 });
    [1, 2, 3].forEach((post) => counter.count(post));
    await jest.advanceTimersByTimeAsync(0);
    expect(batches.map((batch) => batch.length)).toEqual([3]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('keeps what comes while a batch is written for the next one', async () => {
    const { counter, batches, slow, open } = setUp();
    slow.is = true;
    counter.count(7);
    const writing = counter.flush();
    counter.count(7);
    counter.count(8);
    slow.is = false;
    open();
    await writing;
    expect(batches).toEqual([[{ postId: 7, day: '2026-01-31', views: 1 }]]);
    await jest.advanceTimersByTimeAsync(flushMs);
    expect(batches[1]?.map(({ postId }) => postId)).toEqual([7, 8]);
  });

  it('writes a failed batch again with the next one, counting nothing twice', async () => {
    const { counter, batches, errors, state } = setUp();
    counter.count(7);
    state.isBroken = true;
    await counter.flush();
    expect(errors).toHaveLength(1);
    counter.count(7);
    state.isBroken = false;
    await jest.advanceTimersByTimeAsync(flushMs);
    expect(batches).toEqual([[{ postId: 7, day: '2026-01-31', views: 2 }]]);
  });

  it('holds no more than its limit and tries no faster while the database is away', async () => {
    const { counter, batches, errors, state } = setUp({ maxPosts: 3 });
    state.isBroken = true;
    for (let post = 1; post <= 50; post += 1) {
      counter.count(post);
      await jest.advanceTimersByTimeAsync(0);
    }
    expect(counter.size).toBe(3);
    expect(counter.dropped).toBe(47);
    expect(errors).toHaveLength(1);
    counter.count(2);
    expect(counter.dropped).toBe(47);
    state.isBroken = false;
    await jest.advanceTimersByTimeAsync(flushMs);
    expect(batches).toEqual([
      [
        { postId: 1, day: '2026-01-31', views: 1 },
        { postId: 2, day: '2026-01-31', views: 2 },
        { postId: 3, day: '2026-01-31', views: 1 },
      ],
    ]);
  });

  it('at the end writes all, also what came during the last batch, and leaves no timer', async () => {
    const { counter, batches, slow, open } = setUp();
    slow.is = true;
    counter.count(7);
    const first = counter.flush();
    counter.count(8);
    slow.is = false;
    open();
    await Promise.all([first, counter.stop()]);
    expect(batches.flat().map(({ postId }) => postId)).toEqual([7, 8]);
    counter.count(9);
    expect([counter.size, counter.dropped, jest.getTimerCount()]).toEqual([0, 1, 0]);
  });

  it('ends in time when the database is away', async () => {
    const { counter, errors, state } = setUp();
    counter.count(7);
    state.isBroken = true;
    await counter.stop();
    expect(errors).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
