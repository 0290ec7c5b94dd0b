import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisClients, type RedisClient } from '../../app.clients.js';
import { BackgroundLook } from '../background-look.js';
import { addGaugeBy } from './gauges.js';

const answerMs = 1000;

interface Figures {
  readonly keys: number;
  readonly usedBytes: number | undefined;
  /** Undefined: it takes what there is. */
  readonly maxBytes: number | undefined;
}

/** What each Redis holds, and may hold, asked in the background; no row for one that is not configured, does not answer, or does not tell. */
@Injectable()
export class RedisMetrics implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly background = new BackgroundLook(() => this.lookOnce());
  private servers: readonly (readonly [server: string, figures: Figures])[] = [];

  constructor(private readonly clients: RedisClients) {
    const add = (name: string, help: string, read: (figures: Figures) => number | undefined): void =>
      addGaugeBy('server', name, help, () =>
        this.servers.flatMap(([server, figures]) => {
          const value = read(figures);
          return value === undefined ? [] : [[server, value] as const];
        }),
      );
    add('redis_keys', 'Keys in the database of a Redis', ({ keys }) => keys);
    add('redis_memory_used_bytes', 'Memory that a Redis uses', ({ usedBytes }) => usedBytes);
    add('redis_memory_max_bytes', 'Memory that a Redis may use for its data', ({ maxBytes }) => maxBytes);
  }

  onApplicationBootstrap(): void {
    this.background.start();
  }

  onModuleDestroy(): void {
    this.background.stop();
  }

  /** One look at a time: who asks meanwhile waits for the same. */
  look(): Promise<void> {
    return this.background.now();
  }

  private async lookOnce(): Promise<void> {
    const { cache, state } = this.clients;
    const asked = Object.entries({ cache, state }).flatMap(([server, client]) => (client ? [{ server, client }] : []));
    const answers = await Promise.all(asked.map(async ({ server, client }) => ({ server, figures: await figuresOf(client) })));
    this.servers = answers.flatMap(({ server, figures }) => (figures ? [[server, figures] as const] : []));
  }
}

async function figuresOf(client: RedisClient): Promise<Figures | undefined> {
  const answer = Promise.all([client.dbSize(), client.info('memory')]).then(
    ([keys, info]) => ({ keys, usedBytes: figureIn(info, 'used_memory'), maxBytes: figureIn(info, 'maxmemory') || undefined }),
    // Its absence is `redis_up`; here it has nothing to tell.
    () => undefined,
  );
  return Promise.race([answer, sleep(answerMs, undefined, { ref: false })]);
}

/** A line of INFO, such as `used_memory:1048576`; undefined without one. */
function figureIn(info: string, name: string): number | undefined {
  const [, digits] = new RegExp(`^${name}:(\\d+)`, 'm').exec(info) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
