import { request } from 'undici';
import { behaviours } from '../load/behaviour.mjs';
import { seededRandom } from '../load/random.mjs';

const contextOf = (seed) => ({ random: seededRandom(seed), seed, worker: 0, workers: 1, turn: 0 });

/** What a behaviour asks first. */
export const firstStep = ({ behaviour, world, seed }) => behaviours[behaviour](world)(contextOf(seed));

/** The statements that an answer cost, as its `Server-Timing` says. */
export function statementsOf(serverTiming) {
  const found = /desc="(\d+) quer(?:y|ies)"/.exec(serverTiming ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What fifty answers say of themselves: the most statements that one took, the share of cache hits, whether clients are limited. */
export async function inspect(url, { behaviour, world, seed }) {
  const act = behaviours[behaviour](world);
  const context = contextOf(seed);
  const answers = [];
  for (let count = 0; count < 50; count += 1) {
    const { method, path, headers, body } = act(context);
    const answer = await request(url + path, { method, headers, body });
    await answer.body.dump();
    answers.push(answer.headers);
  }
  const statements = answers.map((headers) => statementsOf(headers['server-timing'])).filter((found) => found !== undefined);
  const told = answers.flatMap((headers) => headers['cache-status'] ?? []);
  return {
    statements: statements.length > 0 ? Math.max(...statements) : undefined,
    hitRatio: told.length > 0 ? told.filter((header) => /;\s*hit\b/.test(header)).length / told.length : undefined,
    isLimited: answers.some((headers) => headers['x-ratelimit-limit'] !== undefined),
  };
}

const mostPageSize = 100;

/**
 * The cursors of these pages of `GET /products`. A cursor is the last row seen, so that it does not matter in what steps one got there. A
 * page that is deeper than the list gives way to the deepest whole one.
 */
export async function findCursor(url, { pageSize, pages }) {
  const { pagination } = await readPage(url, 1);
  const deepest = Math.max(1, Math.floor(pagination.total_count / pageSize));
  const found = [];
  let at = { row: 0, cursor: undefined };
  for (const page of new Set(pages.map((wanted) => Math.min(wanted, deepest)))) {
    at = await walk(url, at, (page - 1) * pageSize);
    found.push({ page, cursor: at.cursor });
  }
  return found;
}

async function walk(url, from, row) {
  let at = from;
  while (at.row < row) {
    const size = Math.min(mostPageSize, row - at.row);
    const { pagination } = await readPage(url, size, at.cursor);
    at = { row: at.row + size, cursor: pagination.next_cursor };
  }
  return at;
}

// Each from another address: together they are more than one client may ask.
let asked = 0;

async function readPage(url, size, cursor) {
  const headers = { 'x-forwarded-for': `192.0.2.${(asked += 1) % 256}` };
  const answer = await fetch(`${url}/products?page_size=${size}${cursor ? `&cursor=${cursor}` : ''}`, { headers });
  if (!answer.ok) throw new Error(`GET /products answers ${answer.status}`);
  return answer.json();
}
