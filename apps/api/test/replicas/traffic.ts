import { History, type Violation } from './history.js';
import type { Both, Fleet } from './replicas.fixture.js';

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

/** What clients do to two replicas, and what they were answered. A product's price is the number of the write that set it. */
export class Traffic {
  readonly history = new History();
  /** What was not answered with 200: the status, or why there was none. */
  readonly failures: string[] = [];
  durationsMs: number[] = [];
  writes = 0;
  private readonly sequences = new Map<number, number>();

  constructor(
    private readonly fleet: Fleet,
    private readonly both: Both,
  ) {}

  get violations(): readonly Violation[] {
    return this.history.violations;
  }

  /** The number in the answer; infinite where there was none, which is a failure and no old value. */
  async read(product: number, at: number): Promise<number> {
    const floor = this.history.floor(product, at, performance.now());
    const text = await this.get(`/products/${product}`, at);
    const sequence = text === undefined ? Number.POSITIVE_INFINITY : (JSON.parse(text) as { price: number }).price;
    this.history.judge(product, at, sequence, floor);
    return sequence;
  }

  /** Gives the number that was written. The writes of one product must come one after the other. */
  async write(product: number, at: number): Promise<number> {
    const sequence = (this.sequences.get(product) ?? 1) + 1;
    this.sequences.set(product, sequence);
    const call = this.both[at as 0 | 1].call('PATCH', `/products/${product}`, this.fleet.admin, { price: sequence });
    if ((await this.timed(call)) !== undefined) this.history.acknowledged(product, { sequence, replica: at, at: performance.now() });
    this.writes += 1;
    return sequence;
  }

  get = (path: string, at: number): Promise<string | undefined> => this.timed(this.both[at as 0 | 1].get(path));

  private async timed(call: Promise<{ status: number; text: string }>): Promise<string | undefined> {
    const startedAt = performance.now();
    try {
      const { status, text } = await call;
      if (status === 200) return text;
      this.failures.push(`${status}: ${text}`);
    } catch (error) {
      // The test tells what it was.
      this.failures.push(String(error));
    } finally {
      this.durationsMs.push(performance.now() - startedAt);
    }
    return undefined;
  }
}
