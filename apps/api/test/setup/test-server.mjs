// The PostgreSQL of one test run: an embedded one, or TEST_DATABASE_URL. Started by the first test that asks, so a run of unit tests
// pays nothing. Every database is a copy of a template that is migrated once, and seeded once at scale 0.01.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const built = (path) => import(pathToFileURL(join(root, 'dist', path)).href);

/** Test settings: nothing here outlives the run, so nothing needs to survive a power cut. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '128MB', max_connections: '300' };

/** Names of databases tell machine and process, so that runs may share a server and the next one can clean up after a killed one. */
const machine = `techmart_test_${createHash('sha256').update(hostname()).digest('hex').slice(0, 6)}_`;
const prefix = `${machine}${process.pid}_`;

function runBuild() {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(root, 'tools/prepare.mjs')], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error('the build failed'))));
  });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export class TestServer {
  #names = new Set();
  #count = 0;
  #queue = Promise.resolve();
  #started;
  #built;
  #embedded;

  build() {
    this.#built ??= runBuild();
    return this.#built;
  }

  /** One after the other: a template cannot be copied while it is copied. */
  create(seeded) {
    const next = this.#queue.then(async () => {
      this.#started ??= this.#start();
      const { admin, url, templates } = await this.#started;
      const name = `${prefix}${(this.#count += 1)}`;
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${templates[seeded]} STRATEGY file_copy`);
      this.#names.add(name);
      return withDatabase(url, name);
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }

  /** Nothing but what this run has made, and once. */
  async drop(url) {
    const name = new URL(url).pathname.slice(1);
    if (!this.#names.delete(name)) return;
    const { admin } = await this.#started;
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  async #start() {
    await this.build();
    const { createDataSource, EmbeddedPostgres } = await built('libs/database/src/index.js');
    this.createDataSource = createDataSource;
    const { TEST_DATABASE_URL } = process.env;
    const url = TEST_DATABASE_URL ?? (await this.#startEmbedded(EmbeddedPostgres));
    const admin = await this.#connect(url, 1);
    if (TEST_DATABASE_URL) await dropDatabases(admin, (pid) => !isAlive(pid));
    const templates = { true: await this.#makeTemplate(admin, url, true), false: await this.#makeTemplate(admin, url, false) };
    return { admin, url, templates };
  }

  async #startEmbedded(EmbeddedPostgres) {
    const folder = join(root, '.data', 'test');
    mkdirSync(folder, { recursive: true });
    await removeAbandoned(folder, EmbeddedPostgres);
    this.#embedded = new EmbeddedPostgres({ dataDir: mkdtempSync(join(folder, `run-${process.pid}-`)), settings });
    return (await this.#embedded.start()).url;
  }

  async #connect(url, poolSize, migrations = []) {
    const times = { acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
    return this.createDataSource({ url, poolSize, ...times, applicationName: 'techmart-tests', migrations }).initialize();
  }

  async #makeTemplate(admin, url, seeded) {
    const name = `${prefix}${seeded ? 'seeded' : 'empty'}`;
    await admin.query(`CREATE DATABASE ${name}`);
    const { migrations } = await built('apps/api/src/migrations/index.js');
    const dataSource = await this.#connect(withDatabase(url, name), 2, migrations);
    try {
      await dataSource.runMigrations({ transaction: 'each' });
      const { seedDatabase } = await built('apps/api/src/seed/seed.js');
      if (seeded) await seedDatabase({ dataSource, scale: 0.01, seed: 42, now: new Date() });
    } finally {
      await dataSource.destroy();
    }
    return name;
  }

  /** Also after a start that failed half way. */
  async stop() {
    const started = await this.#started?.catch(() => undefined);
    if (started && !this.#embedded) await dropDatabases(started.admin, (pid) => pid === process.pid);
    await started?.admin.destroy();
    await this.#embedded?.remove();
  }
}

/** On a real server: the databases of those runs on this machine that `isGone` names. */
async function dropDatabases(admin, isGone) {
  const rows = await admin.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [machine]);
  for (const { datname } of rows) {
    const pid = Number(datname.slice(machine.length).split('_')[0]);
    if (isGone(pid)) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

/** Servers and folders of runs that were killed before they could clean up. */
async function removeAbandoned(folder, EmbeddedPostgres) {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^run-(\d+)-/.exec(name)?.[1]);
    const dataDir = join(folder, name);
    if (!pid || isAlive(pid)) continue;
    // Two runs may clean up at once; what one of them cannot remove is not worth failing the tests for.
    await new EmbeddedPostgres({ dataDir }).remove().catch(() => rmSync(dataDir, { recursive: true, force: true }));
  }
}

function withDatabase(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
