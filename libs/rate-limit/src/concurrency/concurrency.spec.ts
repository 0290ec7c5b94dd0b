import { randomFrom, TestClock } from '../../test/fakes.js';
import { Admission, type Priority } from './admission.js';
import { GradientLimit } from './gradient-limit.js';

const fixed = (limit: number): GradientLimit => new GradientLimit({ clock: new TestClock(), initial: limit, min: limit, max: limit });
const plain = (priority: Priority) => ({ priority, queues: false });
const checkout = { priority: 1 as const, queues: true };
const here = () => false;

describe('Admission', () => {
  it('lets the highest numbers go first as places fill up', () => {
    const admission = new Admission(fixed(100), 256);
    const firstRefusal = new Map<number, number>();
    for (let inFlight = 0; inFlight < 100; inFlight += 1) {
      for (const priority of [1, 2, 3, 4, 5] as const) {
        if (!admission.hasRoom(priority, 0) && !firstRefusal.has(priority)) firstRefusal.set(priority, inFlight);
      }
      admission.enter(plain(1));
    }
    expect([...firstRefusal]).toEqual([[5, 50], [4, 70], [3, 80], [2, 90]]); // prettier-ignore
    expect([admission.hasRoom(1, 0), admission.hasRoom(2, 0)]).toEqual([false, false]);
  });

  it.each([
    [0, [true, true, true, true, true]],
    [1, [true, true, true, true, false]],
    [2, [true, true, true, false, false]],
    [3, [true, true, true, false, false]],
  ])('with half of the places taken, at level %i: %j', (level, expected) => {
    const admission = new Admission(fixed(100), 256);
    for (let count = 0; count < 49; count += 1) admission.enter(plain(1));
    const atFifty = new Admission(fixed(100), 256);
    for (let count = 0; count < 50; count += 1) atFifty.enter(plain(1));
    const given = level === 0 ? admission : atFifty;
    expect(([1, 2, 3, 4, 5] as const).map((priority) => given.hasRoom(priority, level))).toEqual(expected);
  });

  it('has no room at all for imports, exports and reports at a critical level, and always some for the rest', () => {
    const admission = new Admission(fixed(1), 256);
    expect(([1, 2, 3, 4, 5] as const).map((priority) => admission.hasRoom(priority, 3))).toEqual([true, true, true, true, false]);
  });

  it('gives the place of one that leaves to the next', () => {
    const admission = new Admission(fixed(1), 256);
    admission.enter(plain(4));
    expect(admission.hasRoom(4, 0)).toBe(false);
    admission.leave(plain(4), 0, 5);
    expect(admission.hasRoom(4, 0)).toBe(true);
  });

  it('lets check-outs in one by one, in the order in which they came', async () => {
    const admission = new Admission(fixed(1), 256);
    admission.enter(plain(4));
    const order: number[] = [];
    const waiting = [1, 2, 3].map((number) => admission.wait(here).then(() => order.push(number)));
    admission.leave(plain(4), 0, 5);
    await Promise.resolve();
    expect([order, admission.stats()]).toEqual([[1], { limit: 1, inFlight: 1, waiting: 2 }]);
    admission.leave(checkout, 1, 5);
    admission.leave(checkout, 1, 5);
    await Promise.all(waiting);
    admission.leave(checkout, 1, 5);
    expect([order, admission.stats()]).toEqual([[1, 2, 3], { limit: 1, inFlight: 0, waiting: 0 }]);
  });

  it('has a full queue when 256 check-outs are in flight or waiting, and not before', () => {
    const admission = new Admission(fixed(10), 256);
    for (let count = 0; count < 10; count += 1) admission.enter(checkout);
    for (let count = 0; count < 245; count += 1) void admission.wait(here);
    expect(admission.isQueueFull()).toBe(false);
    void admission.wait(here);
    expect(admission.isQueueFull()).toBe(true);
    admission.leave(checkout, 0, 1);
    expect(admission.isQueueFull()).toBe(false);
  });

  it('passes over a client that has gone, and keeps no place for it', async () => {
    const admission = new Admission(fixed(1), 2);
    admission.enter(plain(4));
    const gone = admission.wait(() => true);
    const next = admission.wait(here);
    admission.leave(plain(4), 0, 5);
    expect(await Promise.all([gone, next])).toEqual([false, true]);
    admission.leave(checkout, 0, 5);
    expect([admission.stats().inFlight, admission.isQueueFull()]).toEqual([0, false]);
  });
});

/** A service with `capacity` places: beyond them, latency grows with the queue. Answers `seconds` of traffic at full use of the limit. */
function run(limit: GradientLimit, clock: TestClock, load: { capacity: number; serviceMs: number; seconds: number; route?: number }): void {
  const { capacity, serviceMs, seconds, route = 0 } = load;
  const end = clock.elapsedMs + seconds * 1000;
  while (clock.elapsedMs < end) {
    const inFlight = Math.floor(limit.limit);
    const latencyMs = serviceMs * Math.max(1, inFlight / capacity);
    for (let answer = 0; answer < 50; answer += 1) limit.record(route, latencyMs, inFlight);
    clock.advance(100);
  }
}

describe('GradientLimit', () => {
  const bounds = { initial: 100, min: 10, max: 1000 };

  it('shrinks when latency grows beyond twice the usual, and grows back when it is over', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, ...bounds });
    run(limit, clock, { capacity: 200, serviceMs: 10, seconds: 30 });
    const usual = limit.limit;
    run(limit, clock, { capacity: 20, serviceMs: 10, seconds: 20 });
    const overloaded = limit.limit;
    run(limit, clock, { capacity: 1000, serviceMs: 10, seconds: 60 });
    expect(usual).toBeGreaterThan(150);
    expect(overloaded).toBeLessThan(usual / 2);
    expect(limit.limit).toBeGreaterThan(usual);
  });

  it('settles where latency is about twice the usual', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, ...bounds });
    run(limit, clock, { capacity: 1000, serviceMs: 10, seconds: 10 });
    run(limit, clock, { capacity: 40, serviceMs: 10, seconds: 60 });
    expect(limit.limit).toBeGreaterThan(60);
    expect(limit.limit).toBeLessThan(160);
  });

  it('stays within its bounds', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, initial: 100, min: 40, max: 120 });
    run(limit, clock, { capacity: 1000, serviceMs: 10, seconds: 60 });
    expect(limit.limit).toBe(120);
    run(limit, clock, { capacity: 0.1, serviceMs: 10, seconds: 15 });
    expect(limit.limit).toBe(40);
  });

  it('does not take many slow log-ins after many fast reads for a queue', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, ...bounds, max: 100 });
    run(limit, clock, { capacity: 1000, serviceMs: 1, seconds: 20, route: 0 });
    run(limit, clock, { capacity: 1000, serviceMs: 100, seconds: 20, route: 1 });
    expect(limit.limit).toBe(100);
  });

  it('learns nothing about its limit from a process that is far from it', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, ...bounds });
    const random = randomFrom(3);
    for (let answer = 0; answer < 5000; answer += 1) {
      limit.record(0, answer < 2000 ? 5 : 5 + random() * 500, 20);
      clock.advance(5);
    }
    expect(limit.limit).toBe(100);
  });

  it('judges by windows of half a second and twenty answers, whichever is later', () => {
    const clock = new TestClock();
    const limit = new GradientLimit({ clock, ...bounds });
    for (let answer = 0; answer < 500; answer += 1) limit.record(0, 5, 100);
    expect(limit.limit).toBe(100);
    clock.advance(500);
    limit.record(0, 5, 100);
    expect(limit.limit).toBeCloseTo(102, 5);
    clock.advance(5000);
    for (let answer = 0; answer < 19; answer += 1) limit.record(0, 5, 100);
    expect(limit.limit).toBeCloseTo(102, 5);
  });
});
