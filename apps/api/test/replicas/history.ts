/** An acknowledged write of a product: its number in the data, through which replica, and when the answer was there. */
interface Write {
  readonly sequence: number;
  readonly replica: number;
  readonly at: number;
}

export interface Violation {
  readonly product: number;
  readonly replica: number;
  readonly read: number;
  readonly atLeast: number;
  readonly rule: 'older than a write acknowledged here' | 'older than a write acknowledged 2 s before';
}

/** What must be seen by a read that begins now. */
export interface Floor {
  readonly here: number;
  readonly anywhere: number;
}

const lagMs = 2000;

/** Judges reads by the numbers that writes have put into the data. The writes of one product come one after the other. */
export class History {
  private readonly writes = new Map<number, Write[]>();
  readonly violations: Violation[] = [];
  reads = 0;

  acknowledged(product: number, write: Write): void {
    const known = this.writes.get(product);
    if (known) known.push(write);
    else this.writes.set(product, [write]);
  }

  /** To be asked before the read is sent. */
  floor(product: number, replica: number, now: number): Floor {
    const writes = this.writes.get(product) ?? [];
    const here = writes.findLast((write) => write.replica === replica)?.sequence ?? 0;
    const anywhere = writes.findLast(({ at }) => at <= now - lagMs)?.sequence ?? 0;
    return { here, anywhere };
  }

  judge(product: number, replica: number, read: number, { here, anywhere }: Floor): void {
    this.reads += 1;
    const found = { product, replica, read };
    if (read < here) this.violations.push({ ...found, atLeast: here, rule: 'older than a write acknowledged here' });
    if (read < anywhere) this.violations.push({ ...found, atLeast: anywhere, rule: 'older than a write acknowledged 2 s before' });
  }
}
