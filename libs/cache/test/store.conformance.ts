import { resolveType, type CacheTypeOptions } from '../src/cache-types.js';
import { generationNames, tagName } from '../src/cache-key.js';
import { jsonCodec } from '../src/entry/codec.js';
import { draftOf, type Address, type Draft } from '../src/entry/entry.js';
import type { Lease, Store } from '../src/stores/store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Moves time as the store sees it. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

let count = 0;

/** An address that no other test uses. */
export function addressOf(options: Partial<CacheTypeOptions> = {}, tags: readonly string[] = [], id?: string): Address {
  count += 1;
  const type = resolveType('thing', { ttl: 60, prefix: 'thing', ...options });
  const key = `thing:${id ?? `${process.pid}.${count}`}`;
  return { type, key, names: generationNames(key, tags), codec: jsonCodec };
}

export function draft(address: Address, value: unknown, ttlMs = address.type.ttlMs): Draft {
  const made = draftOf(address, value, ttlMs);
  if (!made) throw new Error('nothing to store');
  return made;
}

const removal = (keys: string[], names: string[] = []) => ({ verb: 'remove', keys, names }) as const;
const expiry = (keys: string[], names: string[] = []) => ({ verb: 'expire', keys, names }) as const;

/** What every store does, alone or in front of another. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    let test: StoreUnderTest;
    let store: Store;
    beforeAll(async () => {
      test = await open();
      store = test.store;
    });
    afterAll(() => test.close());

    const take = async (address: Address): Promise<Lease> => {
      const { lease } = await store.read(address, 'lease');
      if (!lease) throw new Error('no lease');
      return lease;
    };
    const valueOf = async (address: Address) => (await store.read(address, 'value')).found?.value;
    const load = async (address: Address, value: unknown, ttlMs?: number) => store.fill(await take(address), draft(address, value, ttlMs));

    it('gives nothing for a key that was never stored', async () => {
      expect(await store.read(addressOf(), 'value')).toEqual({ found: undefined, lease: undefined, isLoading: false });
    });

    it.each([[0], [''], [false], [null], [{ a: [1, 'é', null] }], ['x'.repeat(100_000)]])(
      'gives back what was loaded (%#)',
      async (value) => {
        const address = addressOf();
        expect(await load(address, value)).toBe(true);
        expect((await store.read(address, 'value')).found).toMatchObject({ value, ttlMs: 60_000 });
      },
    );

    it('keeps "there is none" apart from a key that it does not have', async () => {
      const address = addressOf({ negativeTtl: 30 });
      await store.fill(await take(address), draft(address, undefined));
      const { found } = await store.read(address, 'lease');
      expect([found?.value, found?.ttlMs, found !== undefined]).toEqual([undefined, 30_000, true]);
    });

    it.each([['with spaces'], ['with\nlines\r\n'], ['"quoted", {braced}:*?[a]'], ['ünïcode \ud800 half'], ['']])(
      'takes any id (%j)',
      async (id) => {
        const address = addressOf({}, [`tag ${id},\n`], id);
        await load(address, id.length);
        expect(await valueOf(address)).toBe(id.length);
        await store.invalidate(removal([], [tagName(`tag ${id},\n`)]));
        expect(await valueOf(address)).toBeUndefined();
      },
    );

    it('lets one load and tells the others that somebody does', async () => {
      const address = addressOf();
      const readings = await Promise.all(Array.from({ length: 20 }, () => store.read(address, 'lease')));
      expect(readings.filter(({ lease }) => lease !== undefined)).toHaveLength(1);
      expect(readings.filter(({ isLoading }) => isLoading)).toHaveLength(19);
    });

    it('gives the lease to the next one when it was given back', async () => {
      const address = addressOf();
      await store.release(await take(address));
      expect((await store.read(address, 'lease')).lease).toBeDefined();
    });

    it('gives a lease for a fresh entry only to refresh it, and answers the entry meanwhile', async () => {
      const address = addressOf();
      await load(address, 'old');
      expect(await store.read(address, 'lease')).toMatchObject({ found: { value: 'old' }, lease: undefined, isLoading: false });
      const { found, lease } = await store.read(address, 'refresh');
      expect([found?.value, await valueOf(address)]).toEqual(['old', 'old']);
      expect(lease && (await store.fill(lease, draft(address, 'new')))).toBe(true);
      expect(await valueOf(address)).toBe('new');
    });

    it('counts age and remaining time, serves an entry as stale in its grace, and not after it', async () => {
      const [graceful, short] = [addressOf({ ttl: 0.5, grace: 600 }), addressOf({ ttl: 0.2, grace: 0.2 })];
      await Promise.all([load(graceful, 'old'), load(short, 'old')]);
      const young = (await store.read(graceful, 'value')).found;
      expect((young?.ageMs ?? 0) + (young?.freshForMs ?? 0)).toBeCloseTo(500);
      await test.pass(600);
      const stale = (await store.read(graceful, 'value')).found;
      expect(stale).toMatchObject({ value: 'old', ttlMs: 500 });
      expect(stale?.freshForMs).toBeLessThanOrEqual(0);
      expect(stale?.ageMs).toBeGreaterThanOrEqual(500);
      expect(await valueOf(short)).toBeUndefined();
    });

    describe.each([
      ['its key', (address: Address) => removal([address.key])],
      ['a tag', () => removal([], [tagName('colour:red')])],
      ['a pattern', (address: Address) => removal([], address.names.slice(0, 1))],
    ])('after a removal by %s', (_by, ending) => {
      const tagged = () => addressOf({ grace: 60 }, ['colour:red']);

      it('does not give what was stored', async () => {
        const address = tagged();
        await load(address, 'old');
        await store.invalidate(ending(address));
        expect(await valueOf(address)).toBeUndefined();
      });

      it('refuses what was being loaded, and gives the lease to the next reader at once', async () => {
        const address = tagged();
        const old = await take(address);
        await store.invalidate(ending(address));
        const next = await take(address);
        expect(await store.fill(old, draft(address, 'old'))).toBe(false);
        expect(await valueOf(address)).toBeUndefined();
        expect(await store.fill(next, draft(address, 'new'))).toBe(true);
        expect(await valueOf(address)).toBe('new');
      });

      it('refuses a refresh that began before', async () => {
        const address = tagged();
        await load(address, 'old');
        const { lease } = await store.read(address, 'refresh');
        await store.invalidate(ending(address));
        expect(lease && (await store.fill(lease, draft(address, 'old')))).toBe(false);
        expect(await valueOf(address)).toBeUndefined();
      });
    });

    it.each([
      ['its key', (address: Address) => expiry([address.key])],
      ['a tag', () => expiry([], [tagName('size:xl')])],
    ])('after an expiry by %s serves the entry as stale, and refuses what was being loaded', async (_by, ending) => {
      const address = addressOf({ grace: 60 }, ['size:xl']);
      await load(address, 'old');
      const { lease: old } = await store.read(address, 'refresh');
      await store.invalidate(ending(address));
      const { found, lease } = await store.read(address, 'lease');
      expect(found?.value).toBe('old');
      expect(found?.freshForMs).toBeLessThanOrEqual(0);
      expect(old && (await store.fill(old, draft(address, 'older')))).toBe(false);
      expect(lease && (await store.fill(lease, draft(address, 'new')))).toBe(true);
      expect((await store.read(address, 'value')).found?.freshForMs).toBeGreaterThan(0);
    });

    it('after an expiry does not give an entry whose type has no grace', async () => {
      const address = addressOf();
      await load(address, 'old');
      await store.invalidate(expiry([address.key]));
      expect(await valueOf(address)).toBeUndefined();
    });

    it('leaves other keys and tags alone', async () => {
      const [one, other] = [addressOf({}, ['one']), addressOf({}, ['other'])];
      await Promise.all([load(one, 1), load(other, 2)]);
      await store.invalidate(removal([one.key], [tagName('one')]));
      expect([await valueOf(one), await valueOf(other)]).toEqual([undefined, 2]);
    });

    it('stores without a lease, and cancels whoever is loading', async () => {
      const address = addressOf();
      const old = await take(address);
      expect((await store.put(address, draft(address, 'put'))).isStored).toBe(true);
      expect(await store.fill(old, draft(address, 'loaded'))).toBe(false);
      expect(await valueOf(address)).toBe('put');
    });

    it('stores what a writer wrote if nobody else has written since, else neither', async () => {
      const address = addressOf();
      const first = (await store.read(address, 'reserve')).lease;
      const second = (await store.read(address, 'reserve')).lease;
      expect((await store.put(address, draft(address, 'first'), first)).isStored).toBe(false);
      expect((await store.put(address, draft(address, 'second'), second)).isStored).toBe(false);
      const third = (await store.read(address, 'reserve')).lease;
      expect((await store.put(address, draft(address, 'third'), third)).isStored).toBe(true);
      expect(await valueOf(address)).toBe('third');
    });

    it('numbers its events', async () => {
      const address = addressOf();
      const first = await store.invalidate(removal([address.key]));
      const second = (await store.put(address, draft(address, 1))).event;
      expect(second).toBeGreaterThan(first);
    });

    it('lists keys by a glob, no more than asked for', async () => {
      const addresses = ['listed:1', 'listed:2', 'listed:3 \n', 'unlisted'].map((id) => addressOf({}, [], id));
      await Promise.all(addresses.map((address) => load(address, 1)));
      expect((await store.keys('thing:listed:*', 10)).sort()).toEqual(['thing:listed:1', 'thing:listed:2', 'thing:listed:3 \n']);
      expect(await store.keys('thing:listed:?', 10)).toHaveLength(2);
      expect(await store.keys('thing:listed:[13]*', 10)).toHaveLength(2);
      expect(await store.keys('thing:listed:*', 2)).toHaveLength(2);
      await store.invalidate(removal(['thing:listed:1'], ['p:thing']));
      const loading = addressOf({}, [], 'listed:4');
      await take(loading);
      expect(await store.keys('thing:listed:*', 10)).toEqual(['thing:listed:4']);
    });
  });
}
