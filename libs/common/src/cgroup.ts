import { readFileSync } from 'node:fs';
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
  const memory = folders(join(root, 'memory'), paths.get('memory') ?? '/');
  const [quota, period] = (first(unified, 'cpu.max') ?? '').split(' ');
  const cpuQuota = quota || first(cpu, 'cpu.cfs_quota_us');
  const cpuPeriod = period ?? first(cpu, 'cpu.cfs_period_us');
  const cores = positive(cpuQuota) && positive(cpuPeriod) ? Number(cpuQuota) / Number(cpuPeriod) : undefined;
  const bytes = positive(first(unified, 'memory.max') ?? first(memory, 'memory.limit_in_bytes'));
  // Version 1 says "no limit" with a number near 2^63.
  return { cpuCores: cores, memoryBytes: bytes !== undefined && bytes < 2 ** 60 ? bytes : undefined };
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

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return value > 0 ? value : undefined;
}
