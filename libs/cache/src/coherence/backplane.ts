import type { Clock } from '@app/common';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { RedisSubscriber } from '../redis/redis-client.js';
import { Acknowledgements } from './acknowledgements.js';
import { parseMessage, type Message } from './message.js';

export interface BackplaneOptions {
  readonly subscriber: RedisSubscriber;
  readonly keys: RedisKeys;
  /** Names this process. */
  readonly origin: string;
  /** Milliseconds between signs of life. After three without one's own, the subscription counts as lost. */
  readonly heartbeatMs: number;
  /** Longest wait for acknowledgements, in milliseconds; 0: nobody waits. */
  readonly acknowledgeMs: number;
  readonly clock: Clock;
  /** Publishes this process's sign of life with this number; may reject. */
  readonly beat: (number: number) => Promise<unknown>;
  readonly publish: (channel: string, text: string) => Promise<unknown>;
  readonly onInvalidation: (message: Message) => void;
  /** Something was missed, or may have been: nothing in this process's memory is known to be current. */
  readonly onDoubt: () => void;
  /** The numbers have gone back: the server has forgotten invalidations, as a fail-over replica may have. */
  readonly onRollback: () => void;
}

/** Signs of life that may be under way: more than it takes to be given up. */
const remembered = 8;

/**
 * Tells and hears invalidations. Redis delivers a message at most once, so this notices what it did not get: invalidations are numbered
 * without gaps, signs of life carry the newest number, and hearing one's own proves that the subscription works, end to end.
 */
export class Backplane {
  readonly stats = { received: 0, gaps: 0, losses: 0, lagMs: 0 };
  private readonly acknowledgements: Acknowledgements;
  private isHearing = false;
  private isSubscribed = false;
  private incarnation = '';
  private sequence = 0;
  private heardSelfAt = 0;
  private provenTo = Number.NEGATIVE_INFINITY;
  private beats = 0;
  /** When the last of them were sent, by their numbers. */
  private readonly beatTimes = new Map<number, number>();
  private timer: NodeJS.Timeout | undefined;
  private readonly owed = new Map<string, number>();

  constructor(private readonly options: BackplaneOptions) {
    this.acknowledgements = new Acknowledgements({ ...options, peerMs: options.heartbeatMs * 3, waitMs: options.acknowledgeMs });
  }

  /** Whether this process hears every invalidation. */
  get isAttached(): boolean {
    return this.isHearing;
  }

  /**
   * Monotonic milliseconds: all that was invalidated before this moment has been heard of, or what it might concern has been dropped. It is
   * when the newest sign of life that came back was sent: Redis put the newest number on it after that.
   */
  get provenAt(): number {
    return this.isHearing ? this.provenTo : Number.NEGATIVE_INFINITY;
  }

  get figures() {
    const { acknowledgements, sequence } = this;
    return {
      ...this.stats,
      isAttached: this.isHearing,
      sequence,
      peers: acknowledgements.peerCount,
      unacknowledged: acknowledgements.incomplete,
    };
  }

  start(): void {
    for (const event of ['error', 'reconnecting', 'end']) this.options.subscriber.on(event, this.lose);
    this.options.subscriber.on('ready', this.tick);
    this.timer = setInterval(this.tick, this.options.heartbeatMs).unref();
    this.tick();
  }

  /** Says farewell, so that no writer waits for this process, and stops listening. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const event of ['error', 'reconnecting', 'end']) this.options.subscriber.off(event, this.lose);
    this.options.subscriber.off('ready', this.tick);
    this.acknowledgements.reset();
    this.isHearing = false;
    if (!this.isSubscribed) return;
    this.isSubscribed = false;
    const { keys, origin, subscriber } = this.options;
    // Whoever does not hear it stops waiting a few heartbeats later.
    await this.options.publish(keys.channel, `b ${this.incarnation} ${this.sequence} ${origin}`).catch(() => undefined);
    // Not waited for: a Redis that does not answer would never let the process end.
    if (subscriber.isReady) subscriber.unsubscribe([keys.channel, keys.acknowledgements(origin)], this.receive).catch(() => undefined);
  }

  /** Resolves when all who listen have applied the invalidation with this number; see `Acknowledgements`. */
  async acknowledged(event: number): Promise<void> {
    if (this.isHearing && this.options.acknowledgeMs > 0) await this.acknowledgements.wait(event);
  }

  private readonly tick = (): void => {
    const now = this.options.clock.monotonic();
    if (this.isHearing && now - this.heardSelfAt > this.options.heartbeatMs * 3) this.lose();
    void this.subscribe()
      .then(
        () => {
          this.beats += 1;
          this.beatTimes.set(this.beats, this.options.clock.monotonic());
          this.beatTimes.delete(this.beats - remembered);
          return this.options.beat(this.beats);
        },
        // Not connected: the next tick tries again.
      )
      .catch(() => undefined);
  };

  private async subscribe(): Promise<void> {
    if (this.isSubscribed) return;
    if (!this.options.subscriber.isReady) throw new Error('not connected');
    const { keys, origin } = this.options;
    this.isSubscribed = true;
    try {
      await this.options.subscriber.subscribe([keys.channel, keys.acknowledgements(origin)], this.receive);
    } catch (error) {
      this.isSubscribed = false;
      throw error;
    }
  }

  private readonly receive = (text: string, channel: string): void => {
    if (channel !== this.options.keys.channel) return this.receiveAcknowledgement(text);
    const message = parseMessage(text);
    if (!message || message.kind === 'farewell') return message && this.acknowledgements.left(message.origin);
    this.stats.received += 1;
    this.follow(message);
    const isOwn = message.origin === this.options.origin;
    if (message.kind === 'heartbeat') return isOwn ? this.heardSelf(message.beat) : this.acknowledgements.heard(message.origin);
    if (isOwn) return this.acknowledgements.echoed(message.sequence);
    this.options.onInvalidation(message);
    if (this.options.acknowledgeMs > 0) this.owe(message);
  };

  /** Checks that nothing is missing between the last message and this one. */
  private follow({ kind, incarnation, sequence }: Message): void {
    const expected = kind === 'invalidation' ? this.sequence + 1 : this.sequence;
    const isFirst = this.incarnation === '';
    const isNewData = incarnation !== this.incarnation;
    if (isNewData) this.acknowledgements.reset();
    if (!isFirst && !isNewData && sequence !== expected) this.stats.gaps += 1;
    if (!isNewData && sequence < this.sequence) this.options.onRollback();
    const isMissing = isNewData || sequence !== expected;
    this.incarnation = incarnation;
    this.sequence = sequence;
    if (isMissing) this.options.onDoubt();
  }

  private heardSelf(beat: number): void {
    this.heardSelfAt = this.options.clock.monotonic();
    const sentAt = this.beatTimes.get(beat);
    if (sentAt !== undefined) {
      this.stats.lagMs = this.heardSelfAt - sentAt;
      this.provenTo = sentAt;
    }
    if (this.isHearing) return;
    this.options.onDoubt();
    this.isHearing = true;
  }

  private readonly lose = (): void => {
    if (!this.isHearing) return;
    this.isHearing = false;
    this.stats.losses += 1;
    this.acknowledgements.reset();
    this.options.onDoubt();
  };

  private receiveAcknowledgement(text: string): void {
    const [peer = '', event] = text.split(' ');
    this.acknowledgements.acknowledged(peer, Number(event));
  }

  /** One acknowledgement answers for all that came before it, so those of one turn of the event loop go out as one. */
  private owe({ origin, sequence }: Message): void {
    if (this.owed.size === 0) setImmediate(() => this.acknowledge());
    this.owed.set(origin, sequence);
  }

  private acknowledge(): void {
    for (const [origin, sequence] of this.owed) {
      // The writer waits a little longer when it does not arrive.
      this.options.publish(this.options.keys.acknowledgements(origin), `${this.options.origin} ${sequence}`).catch(() => undefined);
    }
    this.owed.clear();
  }
}
