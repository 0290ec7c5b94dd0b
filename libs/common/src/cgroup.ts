import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the container may use; undefined: no limit of its own. */
export interface CgroupLimits {
  /** In cores; may be a fraction. */
  readonly cpuCores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** Reads version 2 or 1, whichever is mounted; nothing, where there are none. A few small files, once. */
export function readCgroupLimits(root = '/sys/fs/cgroup', self = '/proc/self/cgroup'): CgroupLimits {
  const paths = membership(read(self));
  const unified = folders(root, paths.get('') ?? '/');
  const cpu = folders(join(root, 'cpu'), paths.get('cpu') ?? '/');
  const [quota, period] = (first(unified, 'cpu.max') ?? '').split(' ');
  const cpuQuota = quota || first(cpu, 'cpu.cfs_quota_us');
  const cpuPeriod = period ?? first(cpu, 'cpu.cfs_period_us');
  const cores = positive(cpuQuota) && positive(cpuPeriod) ? Number(cpuQuota) / Number(cpuPeriod) : undefined;
  const memory = findCgroupMemory(root, self);
  return { cpuCores: cores, memoryBytes: memory && memoryLimitOf(read(memory.limit)) };
}

/** Where the kernel keeps what this process's group may use of memory, and uses; undefined where it does not. Look once: files stay. */
export function findCgroupMemory(root = '/sys/fs/cgroup', self = '/proc/self/cgroup') {
  const paths = membership(read(self));
  const in2 = folders(root, paths.get('') ?? '/').find((folder) => existsSync(join(folder, 'memory.max')));
  if (in2 !== undefined) return { limit: join(in2, 'memory.max'), usage: join(in2, 'memory.current') };
  const mount = join(root, 'memory');
  const in1 = folders(mount, paths.get('memory') ?? '/').find((folder) => existsSync(join(folder, 'memory.limit_in_bytes')));
  return in1 === undefined ? undefined : { limit: join(in1, 'memory.limit_in_bytes'), usage: join(in1, 'memory.usage_in_bytes') };
}

/** Bytes that such a file allows. No limit is `max` in version 2 and a number near 2^63 in version 1. */
export function memoryLimitOf(text: string | undefined): number | undefined {
  const bytes = positive(text);
  return bytes !== undefined && bytes < 2 ** 60 ? bytes : undefined;
}

/** Controller → path; the unified hierarchy has the empty name. */
function membership(text: string | undefined): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of (text ?? '').split('\n')) {
    const [, controllers = '', path] = line.split(':');
    if (path !== undefined) for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

/** Where the group's files are: below the mount, or at it, as a container sees its own group. */
const folders = (mount: string, path: string): string[] => [join(mount, path), mount];

function first(candidates: readonly string[], file: string): string | undefined {
  for (const folder of candidates) {
    const text = read(join(folder, file));
    if (text !== undefined) return text;
  }
  return undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // Not on this system, or not for this account.
    return undefined;
  }
}

const positive = (text: string | undefined): number | undefined => (Number(text) > 0 ? Number(text) : undefined);
