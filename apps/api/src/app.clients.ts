import { systemClock, type HealthProbe, type HealthReport } from '@app/common';
import { Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from 'redis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config.js';

export type RedisClient = ReturnType<typeof newClient>;

/**
 * A connection that never holds a request up: without a server it fails at once instead of queueing, and comes back by itself. One that
 * has said nothing for five seconds, not even to a ping, is dropped with all that waits on it. The driver's own time limit per command
 * is off: it ends when the command is written and costs a timer each. Whoever cannot wait that long brings a deadline.
 */
function newClient(url: string, name: string) {
  return createClient({
    url,
    name: `techmart-${name}`,
    disableOfflineQueue: true,
    pingInterval: 1000,
    socket: { connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000) },
    commandOptions: { timeout: 0 },
  });
}

/** Logs a loss once, not each attempt to come back. */
function logState(client: RedisClient, name: string): void {
  const logger = new Logger('Redis');
  let isLost = false;
  client.on('error', (error: Error) => {
    if (!isLost) logger.warn(`${name}: the connection is lost: ${error.message}`);
    isLost = true;
  });
  client.on('ready', () => {
    if (isLost) logger.log(`${name}: connected again`);
    isLost = false;
  });
}

/** The application's connections to Redis; undefined where there is none. Several libraries share them. */
export class RedisClients implements OnApplicationShutdown {
  private constructor(
    readonly cache: RedisClient | undefined,
    readonly state: RedisClient | undefined,
    /** A connection of its own, which the cache turns into a subscription. */
    readonly subscriber: RedisClient | undefined,
  ) {}

  /** Waits a second for the first connection; a server that is down is tried for as long as the process runs. */
  static async connect({ url, stateUrl }: Config['redis']): Promise<RedisClients> {
    const [cache, state, subscriber] = await Promise.all([open(url, 'cache'), open(stateUrl, 'state'), open(url, 'subscriber')]);
    return new RedisClients(cache, state, subscriber);
  }

  /** After the last request has been answered. */
  onApplicationShutdown(): void {
    this.cache?.destroy();
    this.state?.destroy();
    this.subscriber?.destroy();
  }
}

async function open(url: string | undefined, name: string): Promise<RedisClient | undefined> {
  if (url === undefined) return undefined;
  const client = newClient(url, name);
  logState(client, name);
  // Rejects when the client is destroyed before it ever connected.
  const connected = client.connect().catch(() => undefined);
  await Promise.race([connected, sleep(1000, undefined, { ref: false })]);
  return client;
}

export type RedisServer = 'cache' | 'state';

/** No Redis, or one that does not answer within a second, is `degraded`: requests are answered without it. */
export class RedisProbe implements HealthProbe {
  readonly name = 'redis';

  constructor(private readonly clients: RedisClients) {}

  async check(): Promise<HealthReport> {
    const startedAt = systemClock.monotonic();
    const answers = await this.answers();
    const latencyMs = systemClock.monotonic() - startedAt;
    if (Object.keys(answers).length === 0) return { status: 'degraded', latencyMs, details: { reason: 'no Redis is configured' } };
    return { status: Object.values(answers).every(Boolean) ? 'up' : 'degraded', latencyMs, details: { answers } };
  }

  /** Whether each server that is configured has answered within a second. Never rejects. */
  async answers(): Promise<Partial<Record<RedisServer, boolean>>> {
    const { cache, state } = this.clients;
    const asked = Object.entries({ cache, state }).flatMap(([name, client]) => (client ? [{ name, client }] : []));
    return Object.fromEntries(await Promise.all(asked.map(async ({ name, client }) => [name, await answersWithin(client, 1000)] as const)));
  }
}

async function answersWithin(client: RedisClient, ms: number): Promise<boolean> {
  const answer = client.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answer, sleep(ms, false, { ref: false })]);
}

/** Global: the clients go to whichever feature or library needs them. */
@Module({})
export class ClientsModule {
  static forRoot(config: Config): DynamicModule {
    const clients = { provide: RedisClients, useFactory: () => RedisClients.connect(config.redis) };
    const probe = { provide: RedisProbe, inject: [RedisClients], useFactory: (given: RedisClients) => new RedisProbe(given) };
    return { module: ClientsModule, global: true, providers: [clients, probe], exports: [RedisClients, RedisProbe] };
  }
}
