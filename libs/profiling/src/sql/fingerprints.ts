import type { QueryFinished } from '@app/common';
import { LRUCache } from 'lru-cache';
import { normalise, type StatementKind } from './sql-fingerprint.js';

/** Routes, and places in the code, that are remembered of one statement. */
const maxPlaces = 10;

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
  /** Where it was last seen to be issued, by endpoint. */
  readonly sites = new Map<string, string>();
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

  count(query: QueryFinished, endpoint: string): void {
    this.calls += 1;
    this.totalMs += query.durationMs;
    this.waitMs += query.waitMs;
    this.rowCount += query.rowCount;
    this.readBytes += query.readBytes;
    if (query.durationMs > this.maxMs) this.maxMs = query.durationMs;
    if (query.error) this.errors += 1;
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

  setSite(endpoint: string, site: string): void {
    if (this.sites.has(endpoint) || this.sites.size < maxPlaces) this.sites.set(endpoint, site.slice(0, 200));
  }
}

/**
 * Fingerprints by the text of the statement. A text seen before costs one look-up; both the texts and the fingerprints have a limit
 * in bytes, and the one that was not used for longest makes room, with its figures.
 */
export class Fingerprints {
  private readonly byText: LRUCache<string, Fingerprint>;
  private readonly byId: LRUCache<string, Fingerprint>;
  private evicted = 0;
  /** A statement is looked up when it starts and when it ends. */
  private latest: { readonly sql: string; readonly fingerprint: Fingerprint } | undefined;

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
    if (this.latest?.sql !== sql) this.latest = { sql, fingerprint: this.find(sql) };
    return this.latest.fingerprint;
  }

  private find(sql: string): Fingerprint {
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

  /** Those that were executed, the most time in all first. */
  top(limit: number): Fingerprint[] {
    return [...this.byId.values()]
      .filter(({ calls }) => calls > 0)
      .toSorted((a, b) => b.totalMs - a.totalMs)
      .slice(0, limit);
  }

  get memory(): { bytes: number; limitBytes: number; evicted: number } {
    return { bytes: this.byText.calculatedSize + this.byId.calculatedSize, limitBytes: this.limitBytes, evicted: this.evicted };
  }
}
