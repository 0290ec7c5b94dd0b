import { randomUUID } from 'node:crypto';
import { runScript, type RedisCommands } from '../stores/redis.store.js';
import { fleetLevel } from '../stores/scripts.js';

/**
 * The level that the replicas agree on: the lower median of what they report, so that all of them give a client the same limit and one
 * replica in trouble does not slow the others. A replica that has been silent for `silenceMs` does not count.
 */
export class FleetLevel {
  private readonly replica = randomUUID();
  private isAsking = false;
  private agreed = 0;

  constructor(
    private readonly redis: RedisCommands,
    private readonly silenceMs: number,
    private readonly key = 'rl:load',
  ) {}

  /** What the fleet said last; 0 while Redis is away, when each replica goes by its own. */
  get current(): number {
    return this.agreed;
  }

  /** One script call; never throws, never waits for one that has not come back. */
  async report(level: number): Promise<void> {
    if (this.isAsking) {
      this.agreed = 0;
      return;
    }
    this.isAsking = true;
    try {
      this.agreed = Number(await runScript(this.redis, fleetLevel, ['1', this.key, this.replica, String(level), String(this.silenceMs)]));
    } catch {
      // Away: the store says so already.
      this.agreed = 0;
    } finally {
      this.isAsking = false;
    }
  }
}
