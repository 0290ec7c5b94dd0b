import { findingMade } from '@app/common';
import { ByteRing, type StoreMemory } from '../stores/byte-ring.js';
import { findingId, type Finding, type StoredFinding } from './finding.js';

const keptRequests = 5;

/** Text is accounted with two bytes a character, objects by their text. Asked at every occurrence, some 10 µs. */
const bytesOf = (finding: StoredFinding): number => 2 * JSON.stringify(finding).length + 200;

/** What was found, each once, with how often and when. The one that was not seen for longest makes room. */
export class Findings {
  private readonly ring: ByteRing<StoredFinding>;

  constructor(limitBytes: number) {
    this.ring = new ByteRing(limitBytes, bytesOf);
  }

  /** The latest occurrence's figures are the ones that are kept. `at` is in milliseconds since the epoch. */
  add(finding: Finding, at: number, requestId?: string): StoredFinding {
    const id = findingId(finding);
    const known = this.ring.get(id);
    const requestIds = [...(requestId === undefined ? [] : [requestId]), ...(known?.requestIds ?? [])].slice(0, keptRequests);
    const stored = {
      ...finding,
      ...(finding.plan === undefined && known?.plan ? { plan: known.plan } : {}),
      id,
      occurrences: (known?.occurrences ?? 0) + 1,
      firstSeenAt: known?.firstSeenAt ?? at,
      lastSeenAt: at,
      requestIds,
    };
    this.ring.set(id, stored);
    findingMade.publish({ kind: finding.kind, endpoint: finding.endpoint });
    return stored;
  }

  /** The same finding with a plan that came later; not a new occurrence. Nothing when it is not kept any more. */
  replan(finding: Finding): void {
    const known = this.ring.get(findingId(finding));
    if (known) this.ring.set(known.id, { ...known, fix: finding.fix, ...(finding.plan ? { plan: finding.plan } : {}) });
  }

  /** Last seen first. */
  list(): StoredFinding[] {
    return [...this.ring.newest()];
  }

  get memory(): StoreMemory {
    return this.ring.memory;
  }
}
