import { findProcess } from '@app/database';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { describeWith } from './setup/services.js';
import { ensureBuilt } from './setup/test-database.js';

const main = join(__dirname, '../../../dist/apps/api/src/main.js');

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly output: () => string;
}

async function start(env: NodeJS.ProcessEnv): Promise<Server> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], LOG_PRETTY: 'false', SEED_SCALE: '0', PORT: '0', CACHE_WARM_UP_MS: '0', ...env },
    detached: true,
  });
  let text = '';
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /TechMart listens on (http:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found.replaceAll(/"|,/g, '').split('"')[0] ?? '');
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  return { process: child, url, output: () => text };
}

/** Lines leave the program a tenth of a second late at most; a loaded machine takes longer. */
async function says({ output }: Server, text: string): Promise<void> {
  for (let attempt = 0; !output().includes(text) && attempt < 200; attempt += 1) await sleep(50);
  expect(output()).toContain(text);
}

async function end({ process: child }: Server, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit');
  process.kill(-(child.pid ?? 0), signal);
  const [code] = (await exited) as [number | null];
  return code;
}

const traceOf = (dataDir: string) =>
  JSON.parse(readFileSync(join(dataDir, 'redis', 'server.json'), 'utf8')) as { pid: number; url: string };
const healthOf = async ({ url }: Server) => (await (await fetch(`${url}/health`)).json()) as { status: string };

// One that has ended, and that nobody has waited for, is not alive.
const isAlive = (pid: number): boolean => findProcess(pid) !== undefined;

describe('a start without REDIS_URL', () => {
  let dataDir: string;
  beforeAll(() => ensureBuilt());
  beforeEach(() => {
    dataDir = mkdtempSync('/var/tmp/techmart-redis-');
    chmodSync(dataDir, 0o755);
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('says in the log and in /health that there is no Redis, and serves', async () => {
    const server = await start({ DATA_DIR: dataDir, PATH: '/nowhere' });
    expect(server.output()).toContain('no REDIS_URL and no redis-server on the PATH');
    expect(await healthOf(server)).toEqual({ status: 'degraded' });
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    expect(await end(server, 'SIGTERM')).toBe(0);
  }, 60_000);

  it('refuses a REDIS_URL that is no address of a Redis', async () => {
    await expect(start({ DATA_DIR: dataDir, REDIS_URL: 'http://127.0.0.1' })).rejects.toThrow(/ended with 2: .*REDIS_URL/s);
  });

  describeWith('redis-server', () => {
    it('runs a server with a password on loopback, and ends it with the application', async () => {
      const server = await start({ DATA_DIR: dataDir });
      const { pid, url } = traceOf(dataDir);
      expect(server.output()).toContain('(started with this process)');
      expect(server.output()).not.toContain(new URL(url).password);
      expect(await healthOf(server)).toEqual({ status: 'ok' });
      const stranger = createClient({ url: url.replace(/:\/\/.*@/, '://'), socket: { reconnectStrategy: false } }).on(
        'error',
        () => undefined,
      );
      await expect(stranger.connect()).rejects.toThrow('NOAUTH');
      expect(await end(server, 'SIGTERM')).toBe(0);
      expect(isAlive(pid)).toBe(false);
    }, 60_000);

    it('ends the server that a killed start has left behind, and starts its own', async () => {
      const first = await start({ DATA_DIR: dataDir });
      const { pid: orphan } = traceOf(dataDir);
      await end(first, 'SIGKILL');
      expect(isAlive(orphan)).toBe(true);
      const second = await start({ DATA_DIR: dataDir });
      expect(second.output()).toContain(`ended the Redis that an earlier start left behind (pid ${orphan})`);
      expect([isAlive(orphan), traceOf(dataDir).pid === orphan]).toEqual([false, false]);
      expect(await healthOf(second)).toEqual({ status: 'ok' });
      await end(second, 'SIGTERM');
    }, 60_000);

    it('goes on, degraded, when its server dies', async () => {
      const server = await start({ DATA_DIR: dataDir });
      process.kill(traceOf(dataDir).pid, 'SIGKILL');
      let health = await healthOf(server);
      for (let attempt = 0; health.status !== 'degraded' && attempt < 50; attempt += 1) health = await healthOf(server);
      expect(health).toEqual({ status: 'degraded' });
      await says(server, 'the connection is lost');
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
      expect(await end(server, 'SIGTERM')).toBe(0);
    }, 60_000);
  });
});
