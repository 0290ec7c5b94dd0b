import { profileBytes, type RequestProfile } from '../capture/request-profile.js';
import { ByteRing, type StoreMemory } from './byte-ring.js';

/** Kept for another reason than that it was drawn. */
export const isNotable = ({ because }: RequestProfile): boolean => because.some((reason) => reason !== 'sampled');

/** The newest requests. Slow, failed and wanted ones have half of the room to themselves, so that a flood of sampled ones spares them. */
export class KeptRequests {
  private readonly notable: ByteRing<RequestProfile>;
  private readonly sampled: ByteRing<RequestProfile>;

  constructor(limitBytes: number) {
    this.notable = new ByteRing(limitBytes / 2, profileBytes);
    this.sampled = new ByteRing(limitBytes / 2, profileBytes);
  }

  /** A request id that comes again, as a client may send it, replaces the request that had it. */
  add(profile: RequestProfile): void {
    (isNotable(profile) ? this.notable : this.sampled).set(profile.requestId, profile);
  }

  find(requestId: string): RequestProfile | undefined {
    const [notable, sampled] = [this.notable.get(requestId), this.sampled.get(requestId)];
    if (!notable || !sampled) return notable ?? sampled;
    return sampled.startedAt > notable.startedAt ? sampled : notable;
  }

  /** Newest first. */
  list(): RequestProfile[] {
    return [...this.notable.newest(), ...this.sampled.newest()].toSorted((a, b) => b.startedAt - a.startedAt);
  }

  get memory(): StoreMemory {
    const [notable, sampled] = [this.notable.memory, this.sampled.memory];
    return {
      bytes: notable.bytes + sampled.bytes,
      limitBytes: notable.limitBytes + sampled.limitBytes,
      evicted: notable.evicted + sampled.evicted,
    };
  }
}
