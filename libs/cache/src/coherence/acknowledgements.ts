import type { Clock } from '@app/common';

interface Peer {
  heardAt: number;
  acknowledged: number;
}

interface Waiter {
  /** Undefined until the own message has come back: until then it is not known who else was listening when it went out. */
  missing: Set<string> | undefined;
  readonly resolve: (isComplete: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

export interface AcknowledgementsOptions {
  /** How long a process is believed to listen after its last sign of life, in milliseconds. */
  readonly peerMs: number;
  /** Longest wait of a writer, in milliseconds. */
  readonly waitMs: number;
  readonly clock: Clock;
}

/**
 * Makes an acknowledged write a write that every replica has heard of: a writer waits until all who listen have applied its
 * invalidation. One that does not answer in time delays it by `waitMs`, once, and is counted; its L1 may then be old for as long as L1 trusts
 * itself.
 */
export class Acknowledgements {
  private readonly peers = new Map<string, Peer>();
  private readonly waiters = new Map<number, Waiter>();
  private newestEcho = 0;
  private missed = 0;

  constructor(private readonly options: AcknowledgementsOptions) {}

  /** Waits that ended without an answer from everyone. */
  get incomplete(): number {
    return this.missed;
  }

  /** Other processes that are believed to listen. */
  get peerCount(): number {
    this.forgetSilent();
    return this.peers.size;
  }

  heard(peer: string): void {
    const known = this.peers.get(peer);
    if (known) known.heardAt = this.options.clock.monotonic();
    else this.peers.set(peer, { heardAt: this.options.clock.monotonic(), acknowledged: 0 });
  }

  left(peer: string): void {
    this.peers.delete(peer);
    for (const [event, waiter] of this.waiters) if (waiter.missing?.delete(peer) === true) this.check(event, waiter);
  }

  /** The own message with this number has come back. */
  echoed(event: number): void {
    this.newestEcho = event;
    const waiter = this.waiters.get(event);
    if (waiter) this.ask(event, waiter);
  }

  acknowledged(peer: string, event: number): void {
    const known = this.peers.get(peer);
    if (known) known.acknowledged = Math.max(known.acknowledged, event);
    for (const [number, waiter] of this.waiters) {
      if (number <= event && waiter.missing?.delete(peer) === true) this.check(number, waiter);
    }
  }

  /** Resolves, with whether everyone did, when all who listen have applied the event, or when the time is over. */
  wait(event: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.giveUp(event), this.options.waitMs);
      const waiter: Waiter = { missing: undefined, resolve, timer };
      this.waiters.set(event, waiter);
      if (this.newestEcho >= event) this.ask(event, waiter);
    });
  }

  /** The numbers begin anew, or nobody can be heard: nobody needs to wait. */
  reset(): void {
    this.newestEcho = 0;
    for (const peer of this.peers.values()) peer.acknowledged = 0;
    for (const event of this.waiters.keys()) this.finish(event, false);
  }

  /** Whoever has not answered in time is not waited for again until it gives a sign of life: a dead process delays one write. */
  private giveUp(event: number): void {
    this.missed += 1;
    for (const peer of this.waiters.get(event)?.missing ?? []) this.peers.delete(peer);
    this.finish(event, false);
  }

  private forgetSilent(): void {
    const now = this.options.clock.monotonic();
    for (const [id, { heardAt }] of this.peers) if (now - heardAt > this.options.peerMs) this.left(id);
  }

  private ask(event: number, waiter: Waiter): void {
    this.forgetSilent();
    waiter.missing = new Set();
    for (const [id, { acknowledged }] of this.peers) if (acknowledged < event) waiter.missing.add(id);
    this.check(event, waiter);
  }

  private check(event: number, waiter: Waiter): void {
    if (waiter.missing?.size === 0) this.finish(event, true);
  }

  private finish(event: number, isComplete: boolean): void {
    const waiter = this.waiters.get(event);
    if (!waiter) return;
    clearTimeout(waiter.timer);
    this.waiters.delete(event);
    waiter.resolve(isComplete);
  }
}
