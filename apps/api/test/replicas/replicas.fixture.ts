import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Pool } from 'undici';
import { freePort } from '../../../../libs/common/test/free-port.js';
import type { RedisServer } from '../../../../libs/cache/test/redis-server.js';
import { newProduct, newUser } from '../checkout.fixture.js';
import { startTestApp, type Json, type TestApp } from '../app.harness.js';
import { ensureBuilt } from '../setup/test-database.js';

const main = join(__dirname, '../../../../dist/apps/api/src/main.js');
const hookOf = (name: string): string => pathToFileURL(join(__dirname, `${name}.hook.mjs`)).href;
const sharedKey = { id: 'shared', secret: 'between-the-processes-of-this-test-alone' };
const longestOutput = 20_000;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A process of the built program, and connections to it. */
export class Replica {
  private constructor(
    private readonly child: ChildProcess,
    private readonly pool: Pool,
  ) {}

  /** Waits until it answers. `hooks` are loaded into it first. */
  static async start(env: NodeJS.ProcessEnv, hooks: readonly string[]): Promise<Replica> {
    const port = await freePort();
    const imports = hooks.flatMap((name) => ['--import', hookOf(name)]);
    const child = spawn(process.execPath, [...imports, main], {
      // Without a PATH it finds no Redis to start, which would be left behind.
      env: { PATH: '', NODE_ENV: 'test', LOG_PRETTY: 'false', LOG_LEVEL: 'warn', PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-longestOutput)));
    const replica = new Replica(child, new Pool(`http://127.0.0.1:${port}`, { connections: 512 }));
    const isUp = () => replica.get('/health/live').then(({ status }) => status === 200, () => false); // prettier-ignore
    while (!(await isUp())) {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return replica;
  }

  get = (path: string, token?: string): Promise<Reply> => this.call('GET', path, token);

  async call(method: 'GET' | 'POST' | 'PATCH', path: string, token?: string, body?: Json): Promise<Reply> {
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await this.pool.request({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }

  async stop(): Promise<void> {
    await this.pool.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

export type Both = readonly [Replica, Replica];

/** A database and an admin, for two replicas of the program on one Redis. */
export class Fleet {
  private readonly running: Replica[] = [];

  private constructor(
    private readonly app: TestApp,
    private readonly redis: RedisServer,
    readonly admin: string,
  ) {}

  static async create(redis: RedisServer): Promise<Fleet> {
    await ensureBuilt();
    const app = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, jwtKeys: [sharedKey] } }) });
    return new Fleet(app, redis, (await newUser(app, 'admin')).token);
  }

  products = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, () => newProduct(this.app, { price: 1 })));

  async start(hooks: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Both> {
    const settings = { DATABASE_URL: this.app.url, REDIS_URL: this.redis.url, JWT_KEYS: `${sharedKey.id}:${sharedKey.secret}` };
    const quiet = { ROLE: 'api', RATE_LIMIT: 'off', SEED_SCALE: '0', CACHE_WARM_UP_MS: '0', DATABASE_ACQUIRE_TIMEOUT_MS: '60000' };
    const start = () => Replica.start({ ...settings, ...quiet, ...env }, hooks);
    const both = await Promise.all([start(), start()]);
    this.running.push(...both);
    for (const replica of both) await this.isWell(replica);
    return both;
  }

  statsOf = async (replica: Replica): Promise<Json> => JSON.parse((await replica.get('/cache/stats', this.admin)).text) as Json;

  /** Waits until a replica uses its Redis, and hears the other one. */
  async isWell(replica: Replica): Promise<void> {
    for (;;) {
      const { l2, backplane } = await this.statsOf(replica);
      if (l2.circuit === 'closed' && backplane.is_attached === true && backplane.peers === 1) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running.splice(0).map((replica) => replica.stop()));
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.app.close();
  }
}
