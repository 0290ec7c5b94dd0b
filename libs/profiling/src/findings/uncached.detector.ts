import type { QueryFinished } from '@app/common';
import { LRUCache } from 'lru-cache';
import type { MaskedParameters, ParameterMask } from '../capture/parameter-mask.js';
import type { Fingerprint } from '../sql/fingerprints.js';
import type { Finding } from './finding.js';

/** A read with its parameters, over all requests. */
interface Watched {
  /** In different requests; several reads in one are another finding. */
  requests: number;
  totalMs: number;
  lastRequestId: string;
  /** Of the result, once it has been compared. */
  mark: number | undefined;
  confirmations: number;
  comparedAt: number;
}

const entryBytes = 400;
/** Of the memory, for reads that were seen once; such a one takes twelve bytes. */
const onceShare = 1 / 8;
const sightingBytes = 12;
/** Results are compared from the fifth request on, at most once a second for each read, and three times before it is a finding. */
const comparedFrom = 5;
const comparedEveryMs = 1000;
const confirmationsNeeded = 3;
const mostComparedBytes = 262_144;

export interface UncachedOptions {
  /** Requests that must have asked the same before it is a finding. */
  readonly uncachedRequests: number;
  readonly watchBytes: number;
}

/**
 * Which reads have been seen before: most come once and never again, and an entry for each of those would cost more than all else about
 * it. A newer read takes the place of an older one with the same last bits, whose next sighting then counts as its first. The idea is that of the
 * doorkeeper of TinyLFU (Einziger et al., 2017).
 */
class Doorkeeper {
  private readonly keys: Float64Array;
  private readonly durations: Float32Array;

  constructor(limitBytes: number) {
    const places = 2 ** Math.floor(Math.log2(Math.max(1, limitBytes / sightingBytes)));
    this.keys = new Float64Array(places);
    this.durations = new Float32Array(places);
  }

  get bytes(): number {
    return this.keys.byteLength + this.durations.byteLength;
  }

  /** How long it took the first time; undefined when this is that. */
  admit(key: number, ms: number): number | undefined {
    const place = (key >>> 0) & (this.keys.length - 1);
    if (this.keys[place] === key) return this.durations[place];
    this.keys[place] = key;
    this.durations[place] = ms;
    return undefined;
  }
}

/** Reads that many requests repeat with the same parameters and that give the same rows each time: what a cache would save. */
export class UncachedWatch {
  private readonly watched: LRUCache<number, Watched>;
  private readonly doorkeeper: Doorkeeper;
  /** Whose read was seen for the first time last. */
  private firstRequestId = '';

  constructor(
    private readonly options: UncachedOptions,
    private readonly mask: ParameterMask,
  ) {
    this.doorkeeper = new Doorkeeper(options.watchBytes * onceShare);
    this.watched = new LRUCache({ max: Math.max(1, Math.floor((options.watchBytes - this.doorkeeper.bytes) / entryBytes)) });
  }

  /** `now` in monotonic milliseconds. A finding when the evidence has just become enough, and at each doubling after it. */
  see(query: QueryFinished, fingerprint: Fingerprint, request: SeenRequest): Finding | undefined {
    if (fingerprint.kind !== 'select' || query.error || query.isInTransaction) return undefined;
    const { key } = request.parameters;
    const watched = this.find(key, query.durationMs, request.requestId);
    if (!watched || watched.lastRequestId === request.requestId) return undefined;
    watched.lastRequestId = request.requestId;
    watched.requests += 1;
    watched.totalMs += query.durationMs;
    if (watched.requests >= comparedFrom && request.now - watched.comparedAt >= comparedEveryMs) this.compare(watched, query, request.now);
    const { uncachedRequests } = this.options;
    const steps = Math.log2(watched.requests / uncachedRequests);
    if (steps < 0 || !Number.isInteger(steps) || watched.confirmations < confirmationsNeeded) return undefined;
    return uncached(watched, fingerprint, request.endpoint);
  }

  get memory(): { bytes: number; limitBytes: number } {
    return { bytes: this.doorkeeper.bytes + this.watched.size * entryBytes, limitBytes: this.options.watchBytes };
  }

  /**
   * From its second sighting on; the first one counts. The doorkeeper is asked first, since most reads are new and it is the cheaper one: a
   * watched read that another has pushed out of it is one sighting short.
   */
  private find(key: number, durationMs: number, requestId: string): Watched | undefined {
    const firstMs = this.doorkeeper.admit(key, durationMs);
    if (firstMs === undefined) {
      this.firstRequestId = requestId;
      return undefined;
    }
    return this.watched.get(key) ?? this.begin(key, firstMs, requestId);
  }

  private begin(key: number, firstMs: number, requestId: string): Watched {
    // A request that reads twice and is alone meanwhile is one request.
    const lastRequestId = this.firstRequestId === requestId ? requestId : '';
    const watched = { requests: 1, totalMs: firstMs, lastRequestId, mark: undefined, confirmations: 0, comparedAt: -Infinity };
    this.watched.set(key, watched);
    return watched;
  }

  /** Another result: the count begins anew. */
  private compare(watched: Watched, { rows, readBytes }: QueryFinished, now: number): void {
    if (!rows || readBytes > mostComparedBytes) return;
    const mark = this.mask.markOf(rows);
    if (watched.mark === mark) watched.confirmations += 1;
    else if (watched.mark !== undefined) Object.assign(watched, { requests: 1, totalMs: 0, confirmations: 0 });
    watched.mark = mark;
    watched.comparedAt = now;
  }
}

export interface SeenRequest {
  readonly requestId: string;
  readonly endpoint: string;
  /** With the statement's salt. */
  readonly parameters: MaskedParameters;
  /** Monotonic milliseconds. */
  readonly now: number;
}

function uncached({ requests, totalMs }: Watched, { id, text }: Fingerprint, endpoint: string): Finding {
  return {
    kind: 'uncached',
    endpoint,
    title: `${requests} requests read the same rows with the same parameters`,
    fix: `Keep the result in a cache until what it reads is written: of ${requests} reads it would have saved ${requests - 1}.`,
    statement: { id, text },
    figures: { requests, saved_queries: requests - 1, saved_ms: (totalMs * (requests - 1)) / requests },
  };
}
