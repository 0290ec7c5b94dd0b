import type { Invalidation } from '../stores/store.js';
import type { Verb } from './generations.js';

const batchSize = 500;

/**
 * What Redis has to be told before it is believed again. Bounded: beyond `limit` names it is "everything". Keys and names are kept once each,
 * and a removal outdoes an expiry.
 */
export class PendingInvalidations {
  private keys = new Map<string, Verb>();
  private names = new Map<string, Verb>();
  private everything = false;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.keys.size + this.names.size;
  }

  get isEverything(): boolean {
    return this.everything;
  }

  add({ verb, keys, names }: Invalidation): void {
    if (this.everything) return;
    for (const key of keys) if (verb === 'remove' || !this.keys.has(key)) this.keys.set(key, verb);
    for (const name of names) if (verb === 'remove' || !this.names.has(name)) this.names.set(name, verb);
    if (this.size > this.limit) this.clear(true);
  }

  /** Takes all there is out, in batches; what could not be sent is to be added again. */
  take(): { isEverything: boolean; batches: Invalidation[] } {
    const batches = (['remove', 'expire'] as const).flatMap((verb) => {
      const keys = ofVerb(this.keys, verb);
      const names = ofVerb(this.names, verb);
      const count = Math.ceil(Math.max(keys.length, names.length) / batchSize);
      return Array.from({ length: count }, (_, index) => ({ verb, keys: slice(keys, index), names: slice(names, index) }));
    });
    const isEverything = this.everything;
    this.clear(false);
    return { isEverything, batches };
  }

  addEverything(): void {
    this.clear(true);
  }

  private clear(isEverything: boolean): void {
    this.everything = isEverything;
    this.keys = new Map();
    this.names = new Map();
  }
}

const ofVerb = (entries: ReadonlyMap<string, Verb>, verb: Verb): string[] =>
  [...entries].filter(([, is]) => is === verb).map(([key]) => key);
const slice = (all: readonly string[], index: number): string[] => all.slice(index * batchSize, (index + 1) * batchSize);
