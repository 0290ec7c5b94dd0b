import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from 'redis';
import { freePort } from '../../common/test/free-port.js';

const isOnPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Tests with a real Redis: skipped by name where there is none, a failure with `REQUIRE_SERVICES=1`. */
export function describeRedis(name: string, tests: () => void): void {
  if (isOnPath('redis-server')) describe(name, tests);
  else if (process.env['REQUIRE_SERVICES'] === '1') {
    it(`${name}: finds redis-server on the PATH`, () => {
      expect(isOnPath('redis-server')).toBe(true);
    });
  } else {
    // oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title -- skipped for a reason that its name tells
    describe.skip(`${name}: skipped, since redis-server is not installed`, tests);
  }
}

const newClient = (url: string) =>
  createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 20, connectTimeout: 1000 } }).on('error', () => undefined);
export type RedisTestClient = ReturnType<typeof newClient>;

/** A Redis of one test file, on a free port of the loopback interface, which the test may kill, freeze and start again. */
export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cache-redis-'));
  private process: ChildProcess | undefined;
  private readonly clients: RedisTestClient[] = [];

  private constructor(
    readonly port: number,
    private readonly settings: readonly string[],
  ) {}

  static async start(...settings: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** A client that reconnects by itself and fails at once while it is not connected; closed with the server. */
  async connect(): Promise<RedisTestClient> {
    const client = newClient(this.url);
    this.clients.push(client);
    await client.connect();
    return client;
  }

  /** Starts it, or starts it again on the same port and data. */
  async start(): Promise<void> {
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--loglevel', 'warning'];
    this.process = spawn('redis-server', [...place, ...this.settings], { stdio: ['ignore', 'pipe', 'pipe'] });
    const probe = createClient({ url: this.url, socket: { reconnectStrategy: 10 } }).on('error', () => undefined);
    await probe.connect();
    await probe.ping();
    probe.destroy();
  }

  /** As the system does it: nothing is saved. */
  async kill(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await ended;
  }

  /** Connections stay open, nothing is answered. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    for (const client of this.clients) if (client.isOpen) client.destroy();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
