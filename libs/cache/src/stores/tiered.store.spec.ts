import { addressOf, draft } from '../../test/store.conformance.js';
import { Gate } from '../../test/cache.fixture.js';
import { MovingClock } from '../../test/moving-clock.js';
import { Generations } from '../coherence/generations.js';
import { PendingInvalidations } from '../coherence/pending-invalidations.js';
import type { Address, Found } from '../entry/entry.js';
import type { CircuitState } from '../redis/circuit-breaker.js';
import { MemoryStore } from './memory.store.js';
import type { RedisStore } from './redis.store.js';
import type { Invalidation, Reading } from './store.js';
import { TieredStore } from './tiered.store.js';

/** A Redis whose answers arrive when the test says so: each operation has happened there once it is called. */
function open() {
  const clock = new MovingClock();
  const generations = new Generations();
  const memory = new MemoryStore({ maxBytes: 1e6, maxEntries: 100, types: [], leaseMs: 1000, clock, generations, isFenced: true });
  const remote = {
    read: async (): Promise<Reading> => nothing,
    invalidate: async () => 1,
    put: async () => ({ isStored: true, event: 1 }),
  };
  const state = { circuit: 'closed' as CircuitState, isAttached: true, provenAt: 0, waited: [] as number[] };
  const pending = new PendingInvalidations(10);
  const backplane = {
    get isAttached() {
      return state.isAttached;
    },
    get provenAt() {
      return state.provenAt;
    },
    acknowledged: async (event: number) => void state.waited.push(event),
  };
  const breaker = {
    get state() {
      return state.circuit;
    },
    trip: () => {
      state.circuit = 'open';
    },
  };
  const redis = remote as unknown as RedisStore;
  const store = new TieredStore({ memory, redis, backplane, breaker, pending, trustMs: 5000, detachedTrustMs: 2000, clock });
  const held = (address: Address) => store.peek(address.type, address.key, clock.monotonic())?.value;
  return { store, memory, remote, state, pending, clock, held };
}

const nothing: Reading = { found: undefined, lease: undefined, isLoading: false };
const found = (value: unknown): Reading => {
  const times = { ageMs: 0, freshForMs: 60_000, usableForMs: 60_000, ttlMs: 60_000 };
  const entry: Found = { layer: 'L2', names: [], value, bytes: 10, ...times };
  return { ...nothing, found: entry };
};
const removal = (address: Address): Invalidation => ({ verb: 'remove', keys: [address.key], names: [] });
const after = <T>(gate: Gate, value: T) => gate.passed.then(() => value);

describe('L1 in front of a slow Redis', () => {
  it('keeps what it read, for as long as it trusts itself', async () => {
    const { store, remote, held, clock } = open();
    const address = addressOf();
    remote.read = async () => found('value');
    await store.read(address, 'value');
    expect(held(address)).toBe('value');
    clock.pass(5001);
    expect(held(address)).toBeUndefined();
    expect(store.leftover(address.type, address.key, clock.monotonic())?.value).toBe('value');
  });

  it('asks Redis again only when it does not know for too long that it has heard all invalidations', async () => {
    const { store, remote, state, held, clock } = open();
    const address = addressOf();
    remote.read = async () => found('value');
    await store.read(address, 'value');
    clock.pass(10_000);
    state.provenAt = clock.monotonic();
    clock.pass(4999);
    expect(held(address)).toBe('value');
    state.circuit = 'open';
    expect(held(address)).toBeUndefined();
    state.circuit = 'closed';
    clock.pass(1);
    expect(held(address)).toBeUndefined();
  });

  it('does not keep what was read before an invalidation that it heard of while the answer was on its way', async () => {
    const { store, memory, remote, held } = open();
    const address = addressOf();
    const gate = new Gate();
    remote.read = () => after(gate, found('old'));
    const reading = store.read(address, 'value');
    memory.drop(removal(address));
    gate.open();
    await reading;
    expect(held(address)).toBeUndefined();
  });

  it('does not keep what was read from Redis between the beginning of an invalidation and its end', async () => {
    const { store, remote, held } = open();
    const address = addressOf();
    const gate = new Gate();
    remote.invalidate = () => after(gate, 1);
    remote.read = async () => found('old');
    const invalidating = store.invalidate(removal(address));
    await store.read(address, 'value');
    gate.open();
    await invalidating;
    expect(held(address)).toBeUndefined();
  });

  it('keeps the value of a put over what was read while it was on its way', async () => {
    const { store, remote, held } = open();
    const address = addressOf();
    const gate = new Gate();
    remote.put = () => after(gate, { isStored: true, event: 1 });
    remote.read = async () => found('old');
    const putting = store.put(address, draft(address, 'new'));
    await store.read(address, 'value');
    gate.open();
    await putting;
    expect(held(address)).toBe('new');
  });

  it('does not keep the value of a put that another replica has overtaken', async () => {
    const { store, memory, remote, held } = open();
    const address = addressOf();
    const gate = new Gate();
    remote.put = () => after(gate, { isStored: true, event: 1 });
    const putting = store.put(address, draft(address, 'new'));
    memory.drop(removal(address));
    gate.open();
    expect(await putting).toEqual({ isStored: true, event: 1 });
    expect(held(address)).toBeUndefined();
  });

  it('waits for the other replicas after a removal, and not after an expiry', async () => {
    const { store, state } = open();
    const address = addressOf();
    await store.invalidate({ ...removal(address), verb: 'expire' });
    expect(state.waited).toEqual([]);
    await store.invalidate(removal(address));
    await store.put(address, draft(address, 1));
    expect(state.waited).toEqual([1, 1]);
  });

  it('owes Redis an invalidation that failed, and believes it no more until it was told', async () => {
    const { store, remote, state, pending } = open();
    const address = addressOf();
    remote.invalidate = async () => Promise.reject(new Error('away'));
    remote.read = async () => found('old');
    await store.invalidate(removal(address));
    expect([state.circuit, pending.size]).toEqual(['open', 1]);
    expect((await store.read(address, 'value')).found).toBeUndefined();
    state.circuit = 'settling';
    expect((await store.read(address, 'value')).found).toBeUndefined();
  });

  it.each([
    ['Redis is not believed', { circuit: 'open' as const }],
    ['the others are not heard', { isAttached: false }],
  ])('keeps nothing of a strict type while %s, and the rest for a moment', async (_why, change) => {
    const { store, state, held, clock, remote } = open();
    const [strict, relaxed] = [addressOf({ consistency: 'strict' }), addressOf()];
    remote.read = async () => nothing;
    for (const address of [strict, relaxed]) await store.put(address, draft(address, 1));
    Object.assign(state, change);
    expect([held(strict), held(relaxed)]).toEqual([undefined, 1]);
    const local = addressOf({ localOnly: true });
    await store.put(local, draft(local, 1));
    clock.pass(2001);
    expect(held(local)).toBeUndefined();
  });
});
