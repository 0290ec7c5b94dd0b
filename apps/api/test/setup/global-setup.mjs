// Starts with a test run, in jest's own process, and hands out databases to the workers over loopback. The server is only started
// when the first test asks for a database, so a run of unit tests pays nothing. Plain JavaScript: jest does not map modules here.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const built = (path) => import(pathToFileURL(join(root, 'dist', path)).href);
const templates = { true: 'template_seeded', false: 'template_empty' };

/** Test settings: nothing here outlives the run, so nothing needs to survive a power cut. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '128MB', max_connections: '300' };

function build() {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(root, 'tools/prepare.mjs')], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error('the build failed'))));
  });
}

/** Folders of runs that were killed before they could clean up. */
function removeAbandoned(folder) {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^run-(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(folder, name), { recursive: true, force: true });
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

class TestServer {
  #count = 0;
  #queue = Promise.resolve();
  #started;

  /** One after the other: a template cannot be copied while it is copied. */
  create(seeded) {
    const next = this.#queue.then(async () => {
      this.#started ??= this.#start();
      const { admin, url } = await this.#started;
      const name = `test_${process.pid}_${(this.#count += 1)}`;
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${templates[seeded]} STRATEGY file_copy`);
      return withDatabase(url, name);
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }

  async drop(url) {
    const { admin } = await this.#started;
    await admin.query(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  }

  async #start() {
    await build();
    const { createDataSource, EmbeddedPostgres } = await built('libs/database/src/index.js');
    this.createDataSource = createDataSource;
    const url = process.env.TEST_DATABASE_URL ?? (await this.#startEmbedded(EmbeddedPostgres));
    const admin = await this.#connect(url, 1);
    for (const [seeded, name] of Object.entries(templates)) await this.#makeTemplate(admin, url, { name, seeded: seeded === 'true' });
    return { admin, url };
  }

  async #startEmbedded(EmbeddedPostgres) {
    const folder = join(root, '.data', 'test');
    mkdirSync(folder, { recursive: true });
    removeAbandoned(folder);
    this.dataDir = mkdtempSync(join(folder, `run-${process.pid}-`));
    this.embedded = new EmbeddedPostgres({ dataDir: this.dataDir, settings });
    return (await this.embedded.start()).url;
  }

  async #connect(url, poolSize, migrations = []) {
    const times = { acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
    return this.createDataSource({ url, poolSize, ...times, applicationName: 'techmart-tests', migrations }).initialize();
  }

  async #makeTemplate(admin, url, { name, seeded }) {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}`);
    const { migrations } = await built('apps/api/src/migrations/index.js');
    const dataSource = await this.#connect(withDatabase(url, name), 2, migrations);
    await dataSource.runMigrations({ transaction: 'each' });
    if (seeded) {
      const { seedDatabase } = await built('apps/api/src/seed/seed.js');
      await seedDatabase({ dataSource, scale: 0.01, seed: 42, now: new Date() });
    }
    await dataSource.destroy();
  }

  async stop() {
    if (!this.#started) return;
    const { admin } = await this.#started;
    await admin.destroy();
    await this.embedded?.stop();
    if (this.dataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function withDatabase(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

export default async function globalSetup() {
  const databases = new TestServer();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    try {
      const answer =
        pathname === '/create'
          ? await databases.create(searchParams.get('seeded') === 'true')
          : await databases.drop(searchParams.get('url'));
      response.end(answer ?? '');
    } catch (error) {
      response.writeHead(500).end(error.stack);
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  process.env.TECHMART_TEST_DATABASES = `http://127.0.0.1:${server.address().port}`;
  globalThis.techmartTestDatabases = { databases, server };
}
