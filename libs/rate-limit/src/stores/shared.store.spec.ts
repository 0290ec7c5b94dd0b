import { Logger } from '@nestjs/common';
import { meterOf, TestClock } from '../../test/fakes.js';
import { MemoryStore } from './memory.store.js';
import { SharedStore, type RemoteStore } from './shared.store.js';
import type { Ask, Decision, LimitStore } from './store.js';

/** A remote store that a test can break, freeze and let go on. */
class FakeRemote implements RemoteStore {
  state: 'up' | 'down' | 'frozen' = 'up';
  asked = 0;
  private readonly frozen: (() => void)[] = [];

  constructor(readonly inner: LimitStore) {}

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async take(ask: Ask): Promise<Decision> {
    this.asked += 1;
    if (this.state === 'down') throw new Error('the connection is closed');
    if (this.state === 'frozen') await new Promise<void>((resolve) => this.frozen.push(resolve));
    return this.inner.take(ask);
  }

  thaw(): void {
    this.state = 'up';
    for (const go of this.frozen.splice(0)) go();
  }
}

const meter = meterOf('GET /products');
const ask = (client: string, limit = 3): Ask => ({ meter, client, limit, cost: 1 });
const settle = () => jest.advanceTimersByTimeAsync(0);

function make() {
  const clock = new TestClock();
  const memory = () => new MemoryStore({ clock, maxBytes: 1_000_000 });
  const remote = new FakeRemote(memory());
  const store = new SharedStore({ clock, remote, local: memory(), deadlineMs: 75, retryMs: 1000 });
  const pass = async (ms: number): Promise<void> => {
    const step = ms > 2000 ? ms : 1;
    for (let passed = 0; passed < ms; passed += step) {
      clock.advance(step);
      await jest.advanceTimersByTimeAsync(step);
    }
  };
  return { clock, remote, store, pass };
}

describe('SharedStore', () => {
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('asks the remote store, and says what it said', async () => {
    const { remote, store } = make();
    expect(await store.take(ask('a'))).toEqual({ isAllowed: true, remaining: 2, waitMs: 60_000 });
    expect([remote.asked, store.stats()]).toEqual([1, { isAway: false, fallbacks: 0, failures: 0, refusedUnasked: 0 }]);
  });

  it('decides here at once when the remote store fails, and does not ask it again', async () => {
    const { remote, store } = make();
    remote.state = 'down';
    expect((await store.take(ask('a'))).isAllowed).toBe(true);
    const next = [store.take(ask('a')), store.take(ask('a')), store.take(ask('a'))];
    expect(next.map((decision) => !(decision instanceof Promise) && decision.isAllowed)).toEqual([true, true, false]);
    expect([remote.asked, store.stats()]).toEqual([1, { isAway: true, fallbacks: 4, failures: 1, refusedUnasked: 0 }]);
    store.close();
  });

  it('keeps what it let through before: a client gets no fresh budget from the failure', async () => {
    const { remote, store } = make();
    await store.take(ask('a'));
    await store.take(ask('a'));
    remote.state = 'down';
    expect((await store.take(ask('a'))).isAllowed).toBe(true);
    expect(await store.take(ask('a'))).toEqual({ isAllowed: false, remaining: 0, waitMs: 60_000 });
    store.close();
  });

  it('keeps it after a return as well, though the remote store has lost it', async () => {
    const { remote, store, pass } = make();
    for (let hit = 0; hit < 3; hit += 1) await store.take(ask('a'));
    remote.state = 'down';
    await store.take(ask('b'));
    Object.assign(remote, { inner: make().remote.inner });
    remote.state = 'up';
    await pass(1000);
    expect(store.stats().isAway).toBe(false);
    expect((await store.take(ask('a'))).isAllowed).toBe(false);
    expect((await store.take(ask('c'))).isAllowed).toBe(true);
    store.close();
  });

  it('waits for a frozen one until the deadline and a fifth more, once for all that wait', async () => {
    const { remote, store, pass } = make();
    remote.state = 'frozen';
    const decisions: Decision[] = [];
    const waiting = Array.from({ length: 5 }, async () => decisions.push(await store.take(ask('a'))));
    await pass(89);
    expect(decisions).toHaveLength(0);
    await pass(5);
    await Promise.all(waiting);
    expect(decisions.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false, false]);
    expect(store.take(ask('b'))).not.toBeInstanceOf(Promise);
    store.close();
  });

  it('does not take its own business for the silence of the other: answers that are late because nobody read them count', async () => {
    const { clock, remote, store, pass } = make();
    remote.state = 'frozen';
    const waiting = Promise.resolve(store.take(ask('a')));
    clock.advance(5000);
    await pass(140);
    remote.thaw();
    await pass(20);
    expect((await waiting).remaining).toBe(2);
    expect(store.stats()).toMatchObject({ isAway: false, fallbacks: 0 });
  });

  it('goes on waiting while answers keep coming, however long the queue', async () => {
    const { clock, store, pass } = make();
    const { remote } = make();
    const slow: RemoteStore = {
      prepare: () => Promise.resolve(),
      take: async (asked) => {
        await new Promise((resolve) => setTimeout(resolve, Number(asked.client)));
        return remote.inner.take(asked);
      },
    };
    const patient = new SharedStore({
      clock,
      remote: slow,
      local: new MemoryStore({ clock, maxBytes: 100_000 }),
      deadlineMs: 75,
      retryMs: 1000,
    });
    const waiting = [50, 100, 150, 200, 250].map(async (ms) => patient.take(ask(String(ms))));
    await pass(300);
    expect((await Promise.all(waiting)).every(({ isAllowed }) => isAllowed)).toBe(true);
    expect(patient.stats()).toMatchObject({ isAway: false, fallbacks: 0 });
    store.close();
  });

  it('gives a later call its own full deadline', async () => {
    const { remote, store, pass } = make();
    await store.take(ask('a'));
    await pass(50);
    remote.state = 'frozen';
    let isDecided = false;
    const late = Promise.resolve(store.take(ask('b'))).then(() => (isDecided = true));
    await pass(89);
    expect([isDecided, store.stats().isAway]).toEqual([false, false]);
    await pass(5);
    await late;
    expect([isDecided, store.stats().isAway]).toEqual([true, true]);
    store.close();
  });

  it('ignores an answer that comes after it has decided', async () => {
    const { remote, store, pass } = make();
    remote.state = 'frozen';
    const waiting = store.take(ask('a', 1));
    await pass(95);
    expect((await waiting).isAllowed).toBe(true);
    remote.thaw();
    await settle();
    expect((await store.take(ask('a', 2))).isAllowed).toBe(true);
    expect((await store.take(ask('a', 2))).isAllowed).toBe(false);
    store.close();
  });

  it('comes back by itself, by a decision of its own and not by a request', async () => {
    const { remote, store, pass } = make();
    remote.state = 'down';
    await store.take(ask('a'));
    await pass(1000);
    expect([remote.asked, store.stats().isAway]).toEqual([2, true]);
    remote.state = 'up';
    await pass(1000);
    expect([remote.asked, store.stats().isAway]).toEqual([3, false]);
    store.close();
  });

  it('takes one that answers late for one that is away', async () => {
    const { remote, store, pass } = make();
    remote.state = 'down';
    await store.take(ask('a'));
    remote.state = 'frozen';
    await pass(1000);
    await pass(500);
    remote.thaw();
    await settle();
    expect(store.stats().isAway).toBe(true);
    await pass(1000);
    expect(store.stats().isAway).toBe(false);
    store.close();
  });

  it('refuses for a second what the remote store has just refused, without asking it, and counts down the wait', async () => {
    const { remote, store, pass } = make();
    for (let hit = 0; hit < 2; hit += 1) await remote.inner.take(ask('a', 2));
    expect(await store.take(ask('a', 2))).toEqual({ isAllowed: false, remaining: 0, waitMs: 60_000 });
    const { asked } = remote;
    await pass(999);
    expect(store.take(ask('a', 2))).toEqual({ isAllowed: false, remaining: 0, waitMs: 59_001 });
    expect([remote.asked - asked, store.stats().refusedUnasked]).toEqual([0, 1]);
    await pass(1);
    expect((await store.take(ask('a', 2))).isAllowed).toBe(false);
    expect(remote.asked - asked).toBe(1);
    store.close();
  });

  it('asks again before the second is over when the wait is shorter or the limit has grown', async () => {
    const { remote, store, pass } = make();
    await remote.inner.take(ask('a', 1));
    await pass(59_700);
    expect((await store.take(ask('a', 1))).isAllowed).toBe(false);
    expect((await store.take(ask('a', 2))).isAllowed).toBe(true);
    await pass(300);
    expect((await store.take(ask('a', 2))).isAllowed).toBe(true);
    store.close();
  });

  it('refuses without asking what this process alone knows to be over the limit', async () => {
    const { remote, store } = make();
    for (let hit = 0; hit < 3; hit += 1) await store.take(ask('a'));
    expect(store.take(ask('a'))).toEqual({ isAllowed: false, remaining: 0, waitMs: 60_000 });
    expect(remote.asked).toBe(3);
  });

  it('leaves no timer behind', async () => {
    const { remote, store, pass } = make();
    remote.state = 'down';
    await store.take(ask('a'));
    store.close();
    expect(jest.getTimerCount()).toBe(0);
    await pass(5000);
    expect(remote.asked).toBe(1);
  });
});
