import { LRUCache } from 'lru-cache';

/** How much of its limit a store uses, and how many entries had to make room. */
export interface StoreMemory {
  readonly bytes: number;
  readonly limitBytes: number;
  readonly evicted: number;
}

/** The newest entries by id, up to a limit in bytes; the oldest make room. An entry that is larger than the limit is not kept. */
export class ByteRing<Entry extends object> {
  private readonly entries: LRUCache<string, Entry>;
  private evicted = 0;

  /** `sizeOf` tells the bytes accounted for an entry. It is asked once, when the entry comes. */
  constructor(
    private readonly limitBytes: number,
    sizeOf: (entry: Entry) => number,
  ) {
    this.entries = new LRUCache({
      maxSize: Math.floor(limitBytes),
      sizeCalculation: (entry) => Math.ceil(sizeOf(entry)),
      dispose: (_entry, _id, reason) => {
        if (reason === 'evict') this.evicted += 1;
      },
    });
  }

  set(id: string, entry: Entry): void {
    this.entries.set(id, entry);
  }

  /** Looking at an entry does not make it newer. */
  get(id: string): Entry | undefined {
    return this.entries.peek(id);
  }

  /** Newest first. */
  newest(): Entry[] {
    return [...this.entries.values()];
  }

  get memory(): StoreMemory {
    return { bytes: this.entries.calculatedSize, limitBytes: this.limitBytes, evicted: this.evicted };
  }
}
