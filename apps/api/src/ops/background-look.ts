const lookMs = 5000;

/** Looks every five seconds at what scrapes and alerts then show, which themselves ask nobody. `look` must not reject. */
export class BackgroundLook {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly look: () => Promise<void>) {}

  start(): void {
    this.timer = setInterval(() => void this.now(), lookMs).unref();
    void this.now();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** One look at a time: who asks meanwhile waits for the same. */
  now(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = undefined));
    return this.looking;
  }
}
