import { addressOf } from '../../test/store.conformance.js';
import { MovingClock } from '../../test/moving-clock.js';
import { Generations } from '../coherence/generations.js';
import type { Found } from '../entry/entry.js';
import type { FrontStore, Lease } from '../stores/store.js';
import { Loading } from './loading.js';

const address = addressOf();
const lease = { address, watched: new Generations().watch([]), mayStore: true } as unknown as Lease;

/** A store that holds an entry which stays fresh for so long, of 600 s. */
function open(freshForMs: number) {
  const found: Found = {
    layer: 'L2',
    names: [],
    value: 'theirs',
    bytes: 10,
    ageMs: 0,
    freshForMs,
    usableForMs: freshForMs,
    ttlMs: 600_000,
  };
  const done: string[] = [];
  const store = {
    leftover: () => undefined,
    read: async () => ({ found, lease, isLoading: false }),
    release: async () => void done.push('released'),
    fill: async () => done.push('filled') > 0,
  } as unknown as FrontStore;
  const times = { waitMs: 100, softMs: 10, leaseMs: 1000, retryMs: 10 };
  const loading = new Loading({
    store,
    generations: new Generations(),
    clock: new MovingClock(),
    random: () => 0,
    isFenced: true,
    ...times,
  });
  const refresh = async (isEarly: boolean) => {
    loading.refresh({ address, load: async () => done.push('loaded'), ttlMs: 600_000 }, isEarly);
    while (!done.some((step) => step !== 'loaded')) await new Promise(setImmediate);
    return done;
  };
  return { refresh };
}

describe('a refresh ahead of time', () => {
  it('loads what is near its end', async () => {
    expect(await open(119_999).refresh(true)).toEqual(['loaded', 'filled']);
  });

  it('takes what another replica has just loaded, and gives the lease back', async () => {
    expect(await open(120_000).refresh(true)).toEqual(['released']);
  });
});
