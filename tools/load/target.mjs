import { readFileSync } from 'node:fs';
import { seededRandom, shuffled } from '../bench/load/random.mjs';
import { clients, readWorld, stockUp } from '../bench/scenarios/world.mjs';
import { mintTokens, startApp } from '../bench/systems/app.mjs';
import { BenchDatabase } from '../bench/systems/database.mjs';
import { findProgram } from '../bench/systems/programs.mjs';
import { openRedis } from '../bench/systems/redis.mjs';

/** How many of the most popular products have so much stock that orders go on for the whole run. */
const stockedUp = 1000;

/** A server of our own on a copy of the seeded data, with Redis if there is one. */
export async function startTarget({ scale, seed, env, cleanup, log }) {
  const database = await BenchDatabase.open({ scale, seed, cleanup, log });
  const copy = await database.copy(cleanup);
  const { products } = await readWorld(copy, seed);
  await stockUp(copy, products.slice(0, stockedUp));
  const tokens = await mintTokens(copy, clients);
  const redis = process.env.REDIS_URL || findProgram('redis-server') ? await openRedis(cleanup) : undefined;
  log(redis === undefined ? 'without Redis: there is no redis-server' : 'with Redis');
  const app = await startApp({ database: copy, cleanup, env: { ROLE: 'all', ...(redis ? { REDIS_URL: redis.url } : {}), ...env } });
  await database.settle();
  return { url: app.url, products, tokens };
}

const loopback = /^(127(\.\d+){3}|localhost|\[::1\])$/;

/** Pages of a hundred products that are asked for: what is beyond them is not part of the load. */
const mostPages = 500;

/**
 * The server of TARGET_URL: it is asked for its products, and must trust `X-Forwarded-For` of loopback. TOKENS names a file of access
 * tokens of its customers, one a line, as `npm run token` prints them.
 */
export async function readTarget(address, tokensFile, seed) {
  const { protocol, hostname, origin } = new URL(address);
  if (protocol !== 'http:' || !loopback.test(hostname))
    throw new Error(`a load is for a machine of one's own: an http address on loopback is expected, not ${address}`);
  if (!tokensFile)
    throw new Error('with TARGET_URL, TOKENS must name a file of access tokens: npm run --silent token -- --count 2000 > tokens');
  const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean);
  if (tokens.length === 0) throw new Error(`${tokensFile} holds no token`);
  const ids = await readProducts(origin);
  return { url: origin, products: shuffled(ids, seededRandom(seed)), tokens };
}

async function readProducts(origin) {
  const ids = [];
  let cursor = '';
  for (let page = 0; page < mostPages && cursor !== undefined; page += 1) {
    // Each page as another visitor: together they would be over the limit of one.
    const headers = { 'x-forwarded-for': `172.16.${page >> 8}.${page & 255}` };
    const answer = await fetch(`${origin}/products?page_size=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { headers });
    if (!answer.ok) throw new Error(`${origin}/products answered ${answer.status}: does it run with TRUST_PROXY=loopback?`);
    const { products, pagination } = await answer.json();
    ids.push(...products.map(({ id }) => id));
    cursor = pagination.next_cursor ?? undefined;
  }
  if (ids.length === 0) throw new Error(`${origin} has no product`);
  return ids;
}
