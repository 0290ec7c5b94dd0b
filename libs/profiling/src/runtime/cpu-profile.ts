import type { Profiler as Protocol } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** As V8 gives it and as `.cpuprofile` files hold it. */
export type CpuProfile = Protocol.Profile;

const sampledEveryMicros = 500;

/** Samples the main thread's stack twice a millisecond until `wait` is over. */
export async function profileCpu(wait: () => Promise<void>): Promise<CpuProfile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: sampledEveryMicros });
    await session.post('Profiler.start');
    await wait();
    const { profile } = await session.post('Profiler.stop');
    return profile;
  } finally {
    session.disconnect();
  }
}

/** One function on one path of calls. Times in milliseconds. */
export interface Frame {
  readonly name: string;
  /** `path:line`, relative to the working directory where it lies in it; empty for what is part of V8. */
  readonly place: string;
  /** In the function itself. */
  selfMs: number;
  /** With all that it called. */
  totalMs: number;
  readonly children: Frame[];
}

export interface CpuSummary {
  /** From the first sample to the last one. */
  readonly durationMs: number;
  /** Without the time in which there was nothing to do. */
  readonly busyMs: number;
  readonly root: Frame;
}

const idle = '(idle)';

function placeOf({ url, lineNumber }: { url: string; lineNumber: number }): string {
  if (url === '') return '';
  const path = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
  return `${path}:${lineNumber + 1}`;
}

/** Each sample stands for the time until the next one. */
function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  samples.forEach((id, index) => times.set(id, (times.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1000));
  return times;
}

/** The tree of calls with its times, most time first; idle time left out. */
export function summariseCpu(profile: CpuProfile): CpuSummary {
  const times = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const build = (id: number): Frame => {
    const node = nodes.get(id);
    const children = (node?.children ?? []).map(build).filter(({ name, totalMs }) => name !== idle && totalMs > 0);
    const selfMs = times.get(id) ?? 0;
    const totalMs = selfMs + children.reduce((sum, child) => sum + child.totalMs, 0);
    const name = node?.callFrame.functionName || '(anonymous)';
    return {
      name,
      place: node ? placeOf(node.callFrame) : '',
      selfMs,
      totalMs,
      children: children.toSorted((a, b) => b.totalMs - a.totalMs),
    };
  };
  const [first] = profile.nodes;
  const root = build(first?.id ?? 0);
  return { durationMs: (profile.endTime - profile.startTime) / 1000, busyMs: root.totalMs, root };
}

/** Functions over all paths, most time in themselves first. A function below itself counts once. */
export function hottest({ root }: CpuSummary, limit: number): Pick<Frame, 'name' | 'place' | 'selfMs' | 'totalMs'>[] {
  const found = new Map<string, { name: string; place: string; selfMs: number; totalMs: number }>();
  const visit = ({ name, place, selfMs, totalMs, children }: Frame, above: ReadonlySet<string>): void => {
    const key = `${name} ${place}`;
    const sum = found.get(key) ?? { name, place, selfMs: 0, totalMs: 0 };
    sum.selfMs += selfMs;
    if (!above.has(key)) sum.totalMs += totalMs;
    found.set(key, sum);
    const within = new Set(above).add(key);
    for (const child of children) visit(child, within);
  };
  for (const child of root.children) visit(child, new Set());
  return [...found.values()].toSorted((a, b) => b.selfMs - a.selfMs).slice(0, limit);
}
