import { randomUUID } from 'node:crypto';
import type { PendingInvalidations } from '../coherence/pending-invalidations.js';
import type { Invalidation, Store } from '../stores/store.js';
import type { RedisKeys } from './redis-keys.js';
import type { RedisLink } from './redis-link.js';
import { beginScript } from './scripts.js';

export interface RecoveryOptions {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly pending: PendingInvalidations;
  /** The shared store over `link.unguarded`. */
  readonly store: Pick<Store, 'invalidate'>;
}

/** What has to happen before what Redis holds may be believed: at start, after a lost connection, after an outage. */
export class Recovery {
  constructor(private readonly options: RecoveryOptions) {}

  /**
   * Makes sure that the data belongs to the server that answers. One that was restarted from a snapshot, or took over as a fail-over
   * replica, may lack the newest invalidations: then a new incarnation makes all older entries void.
   */
  async begin(isForced = false): Promise<void> {
    const { link, keys } = this.options;
    const info = String(await link.send(['INFO', 'server']));
    if (Number(/^redis_version:(\d+)/m.exec(info)?.[1]) < 7) link.withoutScriptFlags();
    const runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? 'unknown';
    await link.unguarded.run(beginScript, [keys.clock], [runId, randomUUID(), isForced ? '1' : '0']);
  }

  /** Rejects as long as Redis does not take part. */
  async recover(): Promise<void> {
    await this.begin();
    await this.replay();
  }

  /** Tells Redis what it was not told while it was away. What it does not take is owed still. */
  async replay(): Promise<void> {
    const { pending } = this.options;
    while (pending.size > 0 || pending.isEverything) {
      const { isEverything, batches } = pending.take();
      try {
        if (isEverything) await this.begin(true);
        while (batches.length > 0) {
          await this.options.store.invalidate(batches[0] as Invalidation);
          batches.shift();
        }
      } catch (error) {
        if (isEverything) pending.addEverything();
        for (const owed of batches) pending.add(owed);
        throw error;
      }
    }
  }
}
