import type { HeapProfiler as Protocol } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { getHeapSnapshot, getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { countObjects, type ObjectCount } from './heap-objects.js';

export interface HeapSummary {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly limitBytes: number;
  /** Outside the heap: buffers and what native code holds. */
  readonly externalBytes: number;
  readonly spaces: readonly { readonly name: string; readonly usedBytes: number; readonly totalBytes: number }[];
  /** Functions whose allocations of the sampled time are still alive, most bytes first. Estimated from one sample in 32 kB. */
  readonly allocations: readonly { readonly name: string; readonly place: string; readonly bytes: number }[];
  /** Most bytes first; undefined without a snapshot. */
  readonly objects: readonly ObjectCount[] | undefined;
}

const sampledEveryBytes = 32_768;
const listed = 50;

type Node = Protocol.SamplingHeapProfileNode;

function allocationsOf(head: Node): HeapSummary['allocations'] {
  const byFunction = new Map<string, { name: string; place: string; bytes: number }>();
  const visit = ({ callFrame: { functionName, url, lineNumber }, selfSize, children }: Node): void => {
    const path = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
    const place = path === '' ? '' : `${path}:${lineNumber + 1}`;
    const key = `${functionName} ${place}`;
    const sum = byFunction.get(key) ?? { name: functionName || '(anonymous)', place, bytes: 0 };
    sum.bytes += selfSize;
    byFunction.set(key, sum);
    children.forEach(visit);
  };
  visit(head);
  const all = [...byFunction.values()].filter(({ bytes }) => bytes > 0);
  return all.toSorted((a, b) => b.bytes - a.bytes).slice(0, listed);
}

async function sampleAllocations(wait: () => Promise<void>): Promise<HeapSummary['allocations']> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.startSampling', { samplingInterval: sampledEveryBytes });
    await wait();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return allocationsOf(profile.head);
  } finally {
    session.disconnect();
  }
}

/** What the heap holds, and who allocated while `wait` lasted. `withObjects` takes a snapshot: see `Captures`. */
export async function sampleHeap(wait: () => Promise<void>, withObjects: boolean): Promise<HeapSummary> {
  const allocations = await sampleAllocations(wait);
  const objects = withObjects ? await countObjects(getHeapSnapshot(), listed) : undefined;
  const statistics = getHeapStatistics();
  return {
    usedBytes: statistics.used_heap_size,
    totalBytes: statistics.total_heap_size,
    limitBytes: statistics.heap_size_limit,
    externalBytes: statistics.external_memory,
    spaces: getHeapSpaceStatistics().map((space) => ({
      name: space.space_name,
      usedBytes: space.space_used_size,
      totalBytes: space.space_size,
    })),
    allocations,
    objects,
  };
}
