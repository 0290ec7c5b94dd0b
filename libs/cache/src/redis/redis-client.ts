/** What the library needs of a `redis` client that sends commands. It is connected, watched for errors and closed by its owner. */
export interface RedisCommands {
  readonly isReady: boolean;
  sendCommand(args: readonly (string | Buffer)[], options?: { readonly typeMapping?: Record<number, unknown> }): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** What it needs of a second client, whose connection it turns into a subscription. */
export interface RedisSubscriber {
  readonly isReady: boolean;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>;
  unsubscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Why an answer did not come from Redis. */
export class RedisUnavailable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`Redis is not available: ${reason}`, { cause });
    this.name = 'RedisUnavailable';
  }
}

/** Redis has reached `maxmemory` and may not evict: reads and removals work, new entries do not. */
export class RedisFull extends Error {
  constructor(cause: unknown) {
    super('Redis is full', { cause });
    this.name = 'RedisFull';
  }
}
