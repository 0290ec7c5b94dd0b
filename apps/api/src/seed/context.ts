import type { CatalogueData } from './catalogue/catalogue-data.js';

export interface Counts {
  readonly users: number;
  readonly products: number;
  readonly orders: number;
  readonly reviews: number;
  readonly posts: number;
  readonly comments: number;
  readonly tags: number;
}

/** What every part of the seed works with. All of it runs in one transaction, on one connection. */
export interface SeedContext {
  readonly query: (sql: string, parameters?: readonly unknown[]) => Promise<unknown>;
  readonly counts: Counts;
  readonly data: CatalogueData;
  readonly now: Date;
  readonly passwordHash: string;
  /** How far the running part is, from 0 to 1. */
  readonly report: (ratio: number) => void;
}

/** Carts and order items follow: one cart for four users, 2.5 items for an order. Categories and brands do not scale. */
export function countsAt(scale: number): Counts {
  const scaled = (atOne: number) => Math.max(10, Math.round(atOne * scale));
  return {
    users: scaled(20_000),
    products: scaled(50_000),
    orders: scaled(100_000),
    reviews: scaled(100_000),
    posts: scaled(10_000),
    comments: scaled(30_000),
    tags: scaled(1000),
  };
}

/**
 * The seed's only chance: `rnd(id, salt)` in [0, 1) and `pick(words, id, salt)`, functions of the seed, the row and a name for the
 * purpose. Rows do not depend on each other, on the order they are made in, or on the server's version.
 */
export const chanceFunctions = (seed: number): string[] => [
  `CREATE FUNCTION pg_temp.rnd(id bigint, salt text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
     SELECT ((hashint8extended(id, hashtextextended(salt, ${Math.trunc(seed)})) >> 11) & 9007199254740991)::double precision
            / 9007199254740992 $$`,
  `CREATE FUNCTION pg_temp.pick(words text[], id bigint, salt text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
     SELECT words[1 + floor(pg_temp.rnd(id, salt) * cardinality(words))::integer] $$`,
  // Long-tailed (Zipf, exponent 1): 0 comes most often, and each later number in proportion to 1 / (n + 1).
  `CREATE FUNCTION pg_temp.zipf(size bigint, id bigint, salt text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
     SELECT least(size, floor(exp(pg_temp.rnd(id, salt) * ln(size + 1)))::bigint) - 1 $$`,
  // One of a fifth of the products, by Zipf; which ones are popular is the seed's choice. Five different lanes, five different products.
  `CREATE FUNCTION pg_temp.zipf_product(products bigint, lane bigint, id bigint, salt text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
     SELECT 5 * ((pg_temp.zipf(products / 5, id, salt) * 2147483647 + ${Math.trunc(seed)} + lane % 5 * 1237) % (products / 5))
            + lane % 5 + 1 $$`,
  // A customer who had an account at that time, older ones more often; staff, see accounts.ts, are passed over.
  `CREATE FUNCTION pg_temp.customer(users bigint, age interval, id bigint, salt text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
     SELECT CASE WHEN found % 50 IN (1, 2) THEN greatest(found - 2, 3) ELSE found END FROM (
       SELECT 3 + floor(power(pg_temp.rnd(id, salt), 1.3)
                        * greatest(1, floor(users * (1 - extract(epoch FROM age) / (730 * 86400))) - 2))::bigint AS found) choice $$`,
];
