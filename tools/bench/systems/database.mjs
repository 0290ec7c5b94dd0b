import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { familyCpuMicros, parentOf } from '../figures/processes.mjs';
import { built, dataFolder, root } from './places.mjs';

const importBuilt = (path) => import(join(built, path));

/** Seeded data differ by scale, seed, and the code that makes them. */
function nameOfTemplate({ scale, seed }) {
  const hash = createHash('sha256');
  for (const folder of ['migrations', 'seed', 'seed/data', 'seed/catalogue']) {
    const path = join(root, 'apps/api/src', folder);
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isFile()) hash.update(readFileSync(join(path, entry.name)));
  }
  const kind = `techmart_bench_scale_${String(scale).replace('.', '_')}_seed_${seed}_`;
  return { kind, name: kind + hash.digest('hex').slice(0, 8) };
}

/** Copies tell machine and process, so that the next run removes what a killed one has left. */
const prefix = `techmart_bench_run_${createHash('sha256').update(hostname()).digest('hex').slice(0, 6)}_`;

/**
 * The PostgreSQL of a benchmark: an embedded one that keeps its seeded data between runs, or the server of DATABASE_URL, of which only
 * databases of our own are touched. Each candidate works on a copy, so that runs do not see what earlier ones wrote.
 */
export class BenchDatabase {
  #admin;
  #serverUrl;
  #template;
  #postmaster;

  static async open({ scale, seed, cleanup, log }) {
    const database = new BenchDatabase();
    database.#serverUrl = process.env.DATABASE_URL || (await startEmbedded(cleanup, log));
    database.#admin = await connect(database.#serverUrl);
    cleanup.defer(() => database.#admin.end());
    database.#postmaster = await findPostmaster(database.#admin);
    await dropAbandoned(database.#admin);
    const { kind, name } = nameOfTemplate({ scale, seed });
    database.#template = name;
    await database.#dropTemplates(kind);
    await database.#makeTemplate({ scale, seed, log });
    return database;
  }

  /** Those of the same scale and seed that earlier code has made. */
  async #dropTemplates(kind) {
    const sql = 'SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2';
    const { rows } = await this.#admin.query(sql, [kind, this.#template]);
    for (const { datname } of rows) {
      await this.#admin.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
      await this.#admin.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    }
  }

  async #makeTemplate({ scale, seed, log }) {
    const name = this.#template;
    const { rowCount } = await this.#admin.query('SELECT FROM pg_database WHERE datname = $1 AND datistemplate', [name]);
    if (rowCount > 0) return;
    log(`seeding scale ${scale}, seed ${seed} (kept for the next runs) …`);
    await this.#admin.query(`DROP DATABASE IF EXISTS ${name}`);
    await this.#admin.query(`CREATE DATABASE ${name}`);
    await fill(withDatabase(this.#serverUrl, name), { scale, seed });
    // Only now: a run that was killed while it seeded leaves no template.
    await this.#admin.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
  }

  /** A fresh database of the seeded data. Dropped when the benchmark ends. */
  async copy(cleanup) {
    const name = `${prefix}${process.pid}_${randomUUID().slice(0, 8)}`;
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${this.#template} STRATEGY file_copy`);
    cleanup.defer(() => this.#admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    const url = withDatabase(this.#serverUrl, name);
    const client = await connect(url);
    cleanup.defer(() => client.end());
    return { url, name, query: async (sql, parameters) => (await client.query(sql, parameters)).rows };
  }

  /** All that PostgreSQL has used on this machine, in microseconds; undefined when it runs elsewhere. */
  cpuMicros() {
    return this.#postmaster === undefined ? undefined : familyCpuMicros(this.#postmaster);
  }

  async version() {
    const { rows } = await this.#admin.query('SHOW server_version');
    return rows[0].server_version;
  }

  /** What copying and stocking up have left to write must not be written while we measure. */
  async settle() {
    await this.#admin.query('CHECKPOINT');
  }
}

async function startEmbedded(cleanup, log) {
  const { EmbeddedPostgres } = await importBuilt('libs/database/src/index.js');
  const server = new EmbeddedPostgres({ dataDir: join(dataFolder, 'postgres'), log });
  const { url } = await server.start();
  cleanup.defer(() => server.stop());
  return url;
}

async function connect(url) {
  const client = new Client({ connectionString: url, application_name: 'techmart-bench' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The parent of our own backend, if that is a process of this machine. */
async function findPostmaster(client) {
  if (!['127.0.0.1', 'localhost', '::1', ''].includes(client.host) && !client.host.startsWith('/')) return undefined;
  try {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const name = readFileSync(`/proc/${rows[0].pid}/comm`, 'utf8').trim();
    return name === 'postgres' ? parentOf(rows[0].pid) : undefined;
  } catch {
    return undefined; // In a container of its own: its numbers mean nothing here.
  }
}

async function fill(url, { scale, seed }) {
  const { createDataSource } = await importBuilt('libs/database/src/index.js');
  const { runMigrations } = await importBuilt('apps/api/src/migrations/run-migrations.js');
  const { migrations } = await importBuilt('apps/api/src/migrations/index.js');
  const { seedDatabase } = await importBuilt('apps/api/src/seed/seed.js');
  const limits = { poolSize: 2, acquireTimeoutMs: 30_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
  const dataSource = createDataSource({ url, ...limits, applicationName: 'techmart-bench', migrations });
  await dataSource.initialize();
  try {
    await runMigrations(dataSource);
    await seedDatabase({ dataSource, scale, seed, now: new Date() });
  } finally {
    await dataSource.destroy();
  }
}

async function dropAbandoned(admin) {
  const { rows } = await admin.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]);
  for (const { datname } of rows) {
    if (!isAlive(Number(datname.slice(prefix.length).split('_')[0]))) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export function withDatabase(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
