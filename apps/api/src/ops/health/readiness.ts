import { Injectable } from '@nestjs/common';

/**
 * Whether this process wants traffic: not while it warms up, and not from the moment it is told to stop, before it stops answering. It
 * answers at all times.
 */
@Injectable()
export class Readiness {
  private draining = false;
  private readonly underWay = new Set<string>();

  /** Why it does not. */
  get reason(): string | undefined {
    return this.draining ? 'draining' : [...this.underWay][0];
  }

  /** Not ready until the work is over, however it ends. Rejects as it does. */
  async until(part: string, work: Promise<void>): Promise<void> {
    this.underWay.add(part);
    await work.finally(() => this.underWay.delete(part));
  }

  get isDraining(): boolean {
    return this.draining;
  }

  drain(): void {
    this.draining = true;
  }
}
