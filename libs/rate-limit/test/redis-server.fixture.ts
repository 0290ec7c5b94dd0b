import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

export type TestRedis = ReturnType<typeof newClient>;

function newClient(port: number) {
  return createClient({
    url: `redis://127.0.0.1:${port}`,
    disableOfflineQueue: true,
    pingInterval: 200,
    socket: { socketTimeout: 1000, reconnectStrategy: 50 },
    commandOptions: { timeout: 0 },
  }).on('error', () => undefined);
}

/** A real Redis on a free loopback port, which a test can kill, freeze and start again. Nothing is written to disk. */
export class RedisServer {
  private child: ChildProcess | undefined;
  private readonly clients: TestRedis[] = [];

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const server = new RedisServer(port);
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the program; an empty database each time. */
  async run(): Promise<void> {
    const child = spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--save', ''], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString();
        if (text.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(text)));
    });
  }

  async client(): Promise<TestRedis> {
    const client = newClient(this.port);
    this.clients.push(client);
    await client.connect();
    return client;
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child) return;
    this.child = undefined;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    for (const client of this.clients) if (client.isOpen) client.destroy();
    this.thaw();
    await this.kill();
  }
}

/** Waits for something that takes as long as it takes, half a minute at most. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt += 1) {
    if (await isSo()) return;
    await sleep(20);
  }
  throw new Error('it did not happen within 30 s');
}
