import { registration, type Account } from '../accounts.fixture.js';
import type { Answer, Json, TestApp } from '../app.harness.js';
import { newProduct, newUsers, type Shopper } from '../checkout.fixture.js';
import type { Chance } from './chance.js';

/** An account that may be changed, closed and erased at any time. */
export interface Passer extends Account {
  readonly password: string;
  /** Access and refresh tokens of its log-ins, spent ones too. */
  readonly sessions: { access: string; refresh: string }[];
}

export interface PlacedOrder {
  readonly id: number;
  readonly buyer: Shopper;
}

/** What the clients know of: everything may have changed since. */
export interface World {
  readonly customers: readonly Shopper[];
  readonly sellers: readonly Shopper[];
  readonly admins: readonly Shopper[];
  readonly passers: Passer[];
  /** Wanted by all; the stock of some is small. */
  readonly products: readonly number[];
  /** Made on the way, edited and taken off sale. */
  readonly others: { id: number; seller: Shopper }[];
  readonly categories: number[];
  readonly orders: PlacedOrder[];
  readonly reviews: { id: number; author: Shopper }[];
  readonly posts: { id: number; author: Shopper }[];
  readonly comments: { id: number; author: Shopper }[];
  readonly tags: { id: number; slug: string }[];
  /** The requests that were sent under a key, by user and key. */
  readonly keys: Map<string, Json>;
}

export interface Turn {
  readonly app: TestApp;
  readonly world: World;
  readonly chance: Chance;
}

/** How often an operation is chosen, and what it does. */
export type Operations = Readonly<Record<string, readonly [weight: number, run: (turn: Turn) => Promise<Answer>]>>;

export const nobody: Shopper = { id: 0, token: 'x.y.z' };
export const anyone = ({ world, chance }: Turn): Shopper => chance.pick([...world.customers, ...world.sellers, ...world.admins], nobody);
export const buyer = ({ world, chance }: Turn): Shopper => chance.pick(world.customers, nobody);
export const seller = ({ world, chance }: Turn): Shopper => chance.pick(world.sellers, nobody);
export const admin = ({ world, chance }: Turn): Shopper => chance.pick(world.admins, nobody);

/** Mostly the one, now and then somebody who may not. */
export const mostly = (turn: Turn, who: Shopper): Shopper => (turn.chance.is(0.9) ? who : anyone(turn));

export const product = ({ world, chance }: Turn): number =>
  chance.is(0.9) ? chance.pick(world.products, 1) : chance.pick(world.others, { id: 987_654_321, seller: nobody }).id;

export async function createWorld(app: TestApp): Promise<World> {
  const [customers, sellers, admins] = [await newUsers(app, 12), await newUsers(app, 3, 'seller'), await newUsers(app, 2, 'admin')];
  const products: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    products.push(await newProduct(app, { stock: n < 4 ? 30 : 400, price: 1 + n / 3, seller: sellers[n % 4] ?? null }));
  }
  const rows = await app.query<{ id: number; slug: string }>('SELECT id, slug FROM tags ORDER BY id LIMIT 5');
  return {
    customers, sellers, admins, products, passers: [], others: [], categories: [], orders: [], reviews: [], posts: [], comments: [], tags: rows, keys: new Map(),
  }; // prettier-ignore
}

/** The account of a registration that was taken. */
export function passerOf(given: Json, { body }: Answer): Passer {
  return { id: body['id'], email: given['email'], username: given['username'], password: given['password'], sessions: [] };
}

export { registration };
