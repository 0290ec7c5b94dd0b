import type { QueryFinished } from '@app/common';
import { LRUCache } from 'lru-cache';
import { Executions, type Execution } from '../stores/executions.js';
import { normalise, type StatementKind } from './sql-fingerprint.js';

/** Routes, and places in the code, that are remembered of one statement. */
const maxPlaces = 10;

/** So many executions are counted at a time, or fewer, when somebody asks. */
const countedAtOnce = 128;
/** A longer text, in characters, is not held until then: it would be memory that nobody accounts for. */
const heldText = 8192;

/** Accounted for one statement besides its text: figures, map entries, places. */
const ownBytes = 4096;
const entryBytes = 200;

/** One statement without its values, with what is known of all its executions in this process. */
export class Fingerprint {
  calls = 0;
  errors = 0;
  totalMs = 0;
  maxMs = 0;
  waitMs = 0;
  rowCount = 0;
  readBytes = 0;
  private readonly byEndpoint = new Map<string, { calls: number }>();
  /** Where it was last seen to be issued, by endpoint; undefined where it was looked for and lies outside the application. */
  readonly sites = new Map<string, string | undefined>();
  /** It was issued by a request that is kept. */
  isSeen = false;
  /** A number of 32 bits of its own. */
  readonly salt: number;

  constructor(
    readonly id: string,
    /** Safe to show: `?` for each value. */
    readonly text: string,
    readonly kind: StatementKind,
  ) {
    this.salt = Number.parseInt(id.slice(0, 8), 16) | 0;
  }

  count({ endpoint, durationMs, waitMs, rowCount, readBytes, hasFailed }: Execution): void {
    this.calls += 1;
    this.totalMs += durationMs;
    this.waitMs += waitMs;
    this.rowCount += rowCount;
    this.readBytes += readBytes;
    if (durationMs > this.maxMs) this.maxMs = durationMs;
    if (hasFailed) this.errors += 1;
    const place = this.byEndpoint.get(endpoint) ?? this.addEndpoint(endpoint);
    place.calls += 1;
  }

  private addEndpoint(endpoint: string): { calls: number } {
    const name = this.byEndpoint.size < maxPlaces ? endpoint : 'other';
    const place = this.byEndpoint.get(name) ?? { calls: 0 };
    this.byEndpoint.set(name, place);
    return place;
  }

  /** Calls by endpoint; `other` once there are many. */
  get endpoints(): ReadonlyMap<string, number> {
    return new Map([...this.byEndpoint].map(([endpoint, { calls }]) => [endpoint, calls]));
  }

  /** There is nothing to be gained by looking for it. */
  hasSite(endpoint: string): boolean {
    return this.sites.has(endpoint) || this.sites.size >= maxPlaces;
  }

  setSite(endpoint: string, site: string | undefined): void {
    if (this.sites.has(endpoint) || this.sites.size < maxPlaces) this.sites.set(endpoint, site?.slice(0, 200));
  }
}

/**
 * Fingerprints by the text of the statement. A text seen before costs one look-up; both the texts and the fingerprints have a limit
 * in bytes, and the one that was not used for longest makes room, with its figures.
 */
export class Fingerprints {
  private readonly byText: LRUCache<string, Fingerprint>;
  private readonly byId: LRUCache<string, Fingerprint>;
  private readonly uncounted = new Executions(countedAtOnce);
  private evicted = 0;

  /** A quarter of `limitBytes` is for texts, the rest for fingerprints. Two bytes a character are accounted. */
  constructor(readonly limitBytes: number) {
    this.byText = new LRUCache({ maxSize: Math.ceil(limitBytes / 4), sizeCalculation: (_, text) => 2 * text.length + entryBytes });
    this.byId = new LRUCache({
      maxSize: Math.ceil((limitBytes * 3) / 4),
      sizeCalculation: ({ text }) => 2 * text.length + ownBytes,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.evicted += 1;
      },
    });
  }

  of(sql: string): Fingerprint {
    const known = this.byText.get(sql);
    if (known) {
      // Also keeps it from being the one that makes room.
      if (this.byId.get(known.id) !== known) this.byId.set(known.id, known);
      return known;
    }
    const { id, text, kind } = normalise(sql);
    const fingerprint = this.byId.get(id) ?? new Fingerprint(id, text, kind);
    this.byId.set(id, fingerprint);
    this.byText.set(sql, fingerprint);
    return fingerprint;
  }

  /** Counts one execution, before anybody looks. */
  add(query: QueryFinished): void {
    this.uncounted.add(query);
    if (this.uncounted.isFull || query.text.length > heldText) this.count();
  }

  /** Those that were executed, the most time in all first. */
  top(limit: number): Fingerprint[] {
    this.count();
    return [...this.byId.values()]
      .filter(({ calls }) => calls > 0)
      .toSorted((a, b) => b.totalMs - a.totalMs)
      .slice(0, limit);
  }

  private count(): void {
    this.uncounted.drain((execution) => this.of(execution.text).count(execution));
  }

  get memory(): { bytes: number; limitBytes: number; evicted: number } {
    this.count();
    return { bytes: this.byText.calculatedSize + this.byId.calculatedSize, limitBytes: this.limitBytes, evicted: this.evicted };
  }
}
