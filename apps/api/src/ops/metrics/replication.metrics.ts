import type { Clock } from '@app/common';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK } from '../../app.tokens.js';
import { BackgroundLook } from '../background-look.js';
import { addGauge, addGaugeBy } from './gauges.js';
import { ReplicationRepository, type ReplicationState, type StandbyLag } from './replication.repository.js';

/** How far copies of the database are behind, asked in the background. No copies: no rows, and none while the database is away. */
@Injectable()
export class ReplicationMetrics implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly background = new BackgroundLook(() => this.lookOnce());
  private standbys: readonly StandbyLag[] = [];
  private ownLag: number | undefined;
  private caughtUpAt: number | undefined;

  constructor(
    @Inject(ReplicationRepository) private readonly replication: Pick<ReplicationRepository, 'read'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    addGaugeBy('standby', 'db_replication_lag_seconds', 'How far a standby of the server is behind in replaying', () =>
      this.standbys.map(({ standby, lag_s: lag }) => [standby, lag]),
    );
    addGauge('db_standby_lag_seconds', 'How far the server, a standby itself, is behind in replaying', () => this.ownLag);
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
    // Figures of before would be a lie.
    const state = await this.replication.read().catch(() => undefined);
    this.standbys = state?.standbys ?? [];
    this.ownLag = this.ownLagOf(state?.own, this.clock.monotonic());
  }

  /**
   * A look may fall between a record's arrival and its replay, and the last transaction before may be hours old on a quiet primary: the
   * lag is no greater than the time since everything was replayed.
   */
  private ownLagOf(own: ReplicationState['own'], nowMs: number): number | undefined {
    if (!own) return undefined;
    if (own.is_caught_up) {
      this.caughtUpAt = nowMs;
      return 0;
    }
    const sinceCaughtUp = this.caughtUpAt === undefined ? undefined : (nowMs - this.caughtUpAt) / 1000;
    const known = [own.age_s ?? undefined, sinceCaughtUp].filter((seconds) => seconds !== undefined);
    // The age is by two machines' clocks, which need not agree.
    return known.length === 0 ? undefined : Math.max(0, Math.min(...known));
  }
}
