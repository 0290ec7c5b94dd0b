/** From so many lines within a second on, one in ten of that second's is written down. */
const busyFrom = 100;
const oneIn = 10;

/** For lines of a kind that comes with every request: all while it is quiet, a share when it is busy. */
export class LineSampler {
  private second = 0;
  private count = 0;

  /** The share that the next line stands for: 1 while it is quiet; 0: it is not to be written. `nowMs` is monotonic. */
  shareOf(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.count = 0;
    }
    this.count += 1;
    if (this.count <= busyFrom) return 1;
    return this.count % oneIn === 0 ? 1 / oneIn : 0;
  }
}
