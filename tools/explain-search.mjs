// Shows how the database answers a search: `node tools/explain-search.mjs '{"query":"black","in_stock":true}' [--plan] [--runs 200]`.
// The statement is the application's own, from the build, on the database that runs under DATA_DIR or at DATABASE_URL. Prints its plan,
// then the time of its runs as the client sees it and, where the server's process can be seen, the processor time that they took, which
// other work on the machine disturbs less.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const built = (path) => import(pathToFileURL(join(root, 'dist', path)).href);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { plan: { type: 'boolean' }, runs: { type: 'string', default: '200' } },
});

function databaseUrl(findRunning) {
  const url = process.env.DATABASE_URL ?? findRunning(join(process.env.DATA_DIR ?? '.data', 'postgres'))?.url;
  if (!url) throw new Error('no database: start the application, or set DATABASE_URL');
  return url;
}

/** The statement of a page of `POST /products/search`; with more matches than are ranked, the one that follows it. */
async function statementOf(filters, total) {
  const search = 'apps/api/src/products/search';
  const { searchStatement, mostCounted } = await built(`${search}/search-statement.js`);
  const { broadStatement } = await built(`${search}/broad-statement.js`);
  const { chooseSort, seenRow } = await built(`${search}/search-sort.js`);
  const { exactQuery, parseSearchText } = await built(`${search}/search-text.js`);
  const { pageWindow } = await built('apps/api/src/http/page.js');
  const sort = chooseSort(filters);
  const window = pageWindow(filters, sort.kind);
  const words = filters.query && ((parameters) => exactQuery(parseSearchText(filters.query), parameters));
  const wanted = { filters, window, sort, seen: window.after && seenRow(window.after, sort), words };
  return total > mostCounted && sort.by === 'relevance' ? broadStatement(wanted) : searchStatement(wanted);
}

function processorTime(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}

const spread = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (ratio) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))].toFixed(1);
  return `p50 ${at(0.5)} p95 ${at(0.95)} min ${at(0)} ms`;
};

async function measure(database, pid, { sql, values }, runs) {
  const [wall, processor] = [[], []];
  for (let run = -3; run < runs; run += 1) {
    const [startedAt, spent] = [performance.now(), processorTime(pid)];
    await database.query(sql, values);
    if (run < 0) continue;
    wall.push(performance.now() - startedAt);
    if (spent !== undefined) processor.push(processorTime(pid) - spent);
  }
  return `elapsed ${spread(wall)}${processor.length > 0 ? `; processor ${spread(processor)}` : ''}`;
}

async function explain(database, { sql, values }) {
  const { rows } = await database.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${sql}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

const { default: pg } = await import('pg');
const { findRunning } = await built('libs/database/src/index.js');
const database = new pg.Client(databaseUrl(findRunning));
await database.connect();
try {
  const [{ pid }] = (await database.query('SELECT pg_backend_pid() AS pid')).rows;
  const filters = JSON.parse(positionals[0] ?? '{}');
  const first = await statementOf(filters, 0);
  const total = Number((await database.query(first.sql, first.values)).rows[0].total);
  const statements = [first, await statementOf(filters, total)].filter(({ sql }, index, all) => index === 0 || sql !== all[0].sql);
  for (const statement of statements) {
    if (options.plan) console.log(await explain(database, statement));
    console.log(`${JSON.stringify(filters)}: ${total} found; ${await measure(database, pid, statement, Number(options.runs))}`);
  }
} finally {
  await database.end();
}
