/** A timer that fires this much late was held up by this process. */
const oversleptMs = 5;

/**
 * Rejects when an answer is late. One that is there, or under way, is not: a process that was too busy to send or to read for so long is
 * given the time once more, and a last look at its sockets. So a crowd of requests is not taken for an outage of Redis.
 */
export class Deadline {
  readonly passed: Promise<never>;
  private reject: (error: Error) => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastLook: NodeJS.Immediate | undefined;
  private armedAt = 0;
  private isExtended = false;

  constructor(
    private readonly ms: number,
    private readonly error: () => Error,
  ) {
    this.passed = new Promise<never>((_resolve, reject) => (this.reject = reject));
    this.arm();
  }

  clear(): void {
    clearTimeout(this.timer);
    clearImmediate(this.lastLook);
  }

  private arm(): void {
    this.armedAt = performance.now();
    this.timer = setTimeout(() => this.expire(), this.ms);
  }

  private expire(): void {
    if (!this.isExtended && performance.now() - this.armedAt > this.ms + oversleptMs) {
      this.isExtended = true;
      return this.arm();
    }
    this.lastLook = setImmediate(() => this.reject(this.error()));
  }
}
