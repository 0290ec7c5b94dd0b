import { SharedArray } from 'k6/data';
import { seededRandom } from '../../tools/bench/load/random.mjs';
import { settings } from './settings.ts';

interface World {
  /** Ids of the products for sale, the most popular first. */
  readonly products: number[];
  /** Access tokens of customers. */
  readonly tokens: string[];
}

const read = (): World => JSON.parse(open(settings.world)) as World;

/** Read once, and kept once for all virtual users. */
export const products = new SharedArray('products', () => read().products);
export const tokens = new SharedArray('tokens', () => read().tokens);

/** Visitors without an account, each with an address of its own, which the server believes of us on loopback (TRUST_PROXY=loopback). */
export const visitors = 10_000;

export const visitor = (index: number): Record<string, string> => ({
  'x-forwarded-for': `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
});

/** The same for the same virtual user: a run can be repeated. */
export const randomOf = (user: number): (() => number) => seededRandom(user);
