import { SignOfLife } from '@app/database';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisProbe, type RedisServer } from '../../app.clients.js';

const lookMs = 5000;

/** Looks every five seconds whether PostgreSQL and Redis are there: for metrics and alerts, which themselves ask nobody. */
@Injectable()
export class PartWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private seen: { readonly database?: boolean; readonly redis: Readonly<Partial<Record<RedisServer, boolean>>> } = { redis: {} };

  constructor(
    private readonly database: SignOfLife,
    private readonly redis: RedisProbe,
  ) {}

  /** Undefined before the first look. */
  get isDatabaseUp(): boolean | undefined {
    return this.seen.database;
  }

  /** By server; those that are configured. */
  get redisServers(): Readonly<Partial<Record<RedisServer, boolean>>> {
    return this.seen.redis;
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), lookMs).unref();
    void this.look();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.database.close();
  }

  /** One look at a time: who asks meanwhile waits for the same. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const [database, redis] = await Promise.all([this.database.check(), this.redis.answers()]);
    this.seen = { database, redis };
  }
}
