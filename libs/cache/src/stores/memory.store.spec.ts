import { Generations } from '../coherence/generations.js';
import { describeStore } from '../../test/store.conformance.js';
import { MovingClock } from '../../test/moving-clock.js';
import { MemoryStore } from './memory.store.js';

const clock = new MovingClock();
const options = { maxBytes: 10_000_000, maxEntries: 1000, types: [], leaseMs: 10_000, clock, isFenced: true };

describeStore('the memory store', async () => ({
  store: new MemoryStore({ ...options, generations: new Generations() }),
  pass: async (ms) => clock.pass(ms),
  close: async () => undefined,
}));
