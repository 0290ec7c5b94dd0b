import { SignOfLife } from '@app/database';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisProbe, type RedisServer } from '../../app.clients.js';
import { BackgroundLook } from '../background-look.js';

/** Looks every five seconds whether PostgreSQL and Redis are there: for metrics and alerts, which themselves ask nobody. */
@Injectable()
export class PartWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly background = new BackgroundLook(() => this.lookOnce());
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
    this.background.start();
  }

  onApplicationShutdown(): void {
    this.background.stop();
    this.database.close();
  }

  /** One look at a time: who asks meanwhile waits for the same. */
  look(): Promise<void> {
    return this.background.now();
  }

  private async lookOnce(): Promise<void> {
    const [database, redis] = await Promise.all([this.database.check(), this.redis.answers()]);
    this.seen = { database, redis };
  }
}
