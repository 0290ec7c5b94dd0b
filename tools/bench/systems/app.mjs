import { execFile, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ask, freePort, stopChild, untilReady } from './children.mjs';
import { built, root } from './places.mjs';

const jwtKeys = `bench:${randomBytes(32).toString('base64url')}`;

/**
 * What every server of a benchmark is told. Nothing of the caller's environment reaches it, and there is nothing on its PATH: a Redis that
 * happens to be installed is used only where a benchmark says so.
 */
const environmentOf = (database, dataDir) => ({
  PATH: dataDir,
  DATA_DIR: dataDir,
  DATABASE_URL: database.url,
  HOST: '127.0.0.1',
  TRUST_PROXY: 'loopback',
  LOG_PRETTY: 'false',
  ROLE: 'api',
  SEED_SCALE: '0',
  JWT_KEYS: jwtKeys,
  ACCESS_TOKEN_TTL_S: '7200',
});

/** For runs at full speed, which a server that watches its load would refuse: what a request costs is to be seen, not how it is shed. */
export const calm = { LOAD_LEVEL: 'low' };

/** The built server as `npm start` runs it, a process of its own, ready. `env` adds to its environment; `nodeOptions` go to Node. */
export async function startApp({ database, cleanup, env = {}, nodeOptions = [] }) {
  const folder = mkdtempSync(join(tmpdir(), 'techmart-bench-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const log = join(folder, 'server.log');
  const out = openSync(log, 'w');
  const port = await freePort();
  const child = spawn(process.execPath, ['--enable-source-maps', ...nodeOptions, join(built, 'apps/api/src/main.js')], {
    env: { ...environmentOf(database, folder), PORT: String(port), ...env },
    stdio: ['ignore', out, out],
  });
  cleanup.defer(() => stopChild(child));
  const url = `http://127.0.0.1:${port}`;
  await untilReady(child, async () => (await fetch(`${url}/health/ready`)).ok, { name: 'the server', log });
  return { url, pid: child.pid, folder, stop: () => stopChild(child) };
}

/** The built server in a process that switches its own profiler: see `switched-server.mjs`. `measure` gives its slices, a list for each rate. */
export async function startSwitchedApp({ database, cleanup, env = {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'techmart-bench-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const out = openSync(join(folder, 'server.log'), 'w');
  const child = fork(join(root, 'tools/bench/systems/switched-server.mjs'), [], {
    env: { ...environmentOf(database, folder), ...env },
    stdio: ['ignore', out, out, 'ipc'],
    serialization: 'advanced',
  });
  cleanup.defer(() => stopChild(child));
  const { port } = await ask(child);
  return { url: `http://127.0.0.1:${port}`, pid: child.pid, measure: (plan) => ask(child, plan), stop: () => stopChild(child) };
}

/** Access tokens of that many customers, by the product's own tool. More than there are customers: some have several sessions. */
export async function mintTokens(database, count, role = 'customer') {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(built, 'apps/api/src/token.js'), '--role', role, '--count', String(count)],
    { env: environmentOf(database, tmpdir()), maxBuffer: 1 << 30 },
  );
  return stdout.trim().split('\n');
}
