/** Lets so many through in each second, and no more: for what tells no more by coming more often. */
export class PerSecond {
  private second = -1;
  private taken = 0;

  constructor(private readonly most: number) {}

  /** `nowMs` of a monotonic clock. What comes late, with a time of a second that is over, counts in the present one. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second > this.second) {
      this.second = second;
      this.taken = 0;
    }
    this.taken += 1;
    return this.taken <= this.most;
  }
}
