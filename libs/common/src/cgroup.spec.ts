import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCgroupMemory, memoryLimitOf, readCgroupLimits } from './cgroup.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cgroup-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Groups as the kernel would show them, and the file that names those of the process. */
function write(self: string, files: Record<string, string>): [root: string, self: string] {
  for (const [name, text] of Object.entries({ ...files, self })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return [root, join(root, 'self')];
}

describe('readCgroupLimits', () => {
  const read = (self: string, files: Record<string, string>) => readCgroupLimits(...write(self, files));

  it('reads version 2, of the group or of the mount', () => {
    const files = { 'app/cpu.max': '150000 100000\n', 'app/memory.max': '536870912\n' };
    expect(read('0::/app\n', files)).toEqual({ cpuCores: 1.5, memoryBytes: 536_870_912 });
    expect(read('0::/elsewhere\n', { 'cpu.max': '50000 100000', 'memory.max': 'max' })).toEqual({ cpuCores: 0.5, memoryBytes: undefined });
  });

  it('reads version 1', () => {
    const files = {
      'cpu/box/cpu.cfs_quota_us': '200000',
      'cpu/box/cpu.cfs_period_us': '100000',
      'memory/box/memory.limit_in_bytes': '1073741824',
    };
    expect(read('4:memory:/box\n2:cpu,cpuacct:/box\n', files)).toEqual({ cpuCores: 2, memoryBytes: 1_073_741_824 });
  });

  it('knows no limit where there is none', () => {
    expect(read('0::/\n', { 'cpu.max': 'max 100000', 'memory.max': 'max' })).toEqual({ cpuCores: undefined, memoryBytes: undefined });
    const unlimited = {
      'cpu/cpu.cfs_quota_us': '-1',
      'cpu/cpu.cfs_period_us': '100000',
      'memory/memory.limit_in_bytes': '9223372036854771712',
    };
    rmSync(join(root, 'cpu.max'));
    rmSync(join(root, 'memory.max'));
    expect(read('4:memory:/\n2:cpu:/\n', unlimited)).toEqual({ cpuCores: undefined, memoryBytes: undefined });
    expect(readCgroupLimits('/nowhere', '/nowhere/self')).toEqual({ cpuCores: undefined, memoryBytes: undefined });
  });
});

describe('findCgroupMemory', () => {
  const find = (self: string, files: Record<string, string>) => {
    const { limit, usage } = findCgroupMemory(...write(self, files)) ?? {};
    return [limit, usage].map((path) => path?.slice(root.length + 1));
  };

  it('finds the files of version 2, of the group or of the mount', () => {
    expect(find('0::/app\n', { 'app/memory.max': 'max', 'memory.max': 'max' })).toEqual(['app/memory.max', 'app/memory.current']);
    expect(find('0::/elsewhere\n', {})).toEqual(['memory.max', 'memory.current']);
  });

  it('finds those of version 1 where version 2 counts no memory', () => {
    const files = { 'unified/cgroup.procs': '', 'memory/box/memory.limit_in_bytes': '1' };
    const found = ['memory/box/memory.limit_in_bytes', 'memory/box/memory.usage_in_bytes'];
    expect(find('4:memory:/box\n0::/\n', files)).toEqual(found);
  });

  it('finds nothing where memory is not counted', () => {
    expect(find('0::/app\n', { 'app/cpu.max': 'max 100000' })).toEqual([undefined, undefined]);
    expect(findCgroupMemory('/nowhere', '/nowhere/self')).toBeUndefined();
  });
});

describe('memoryLimitOf', () => {
  it.each([
    ['536870912\n', 536_870_912],
    ['max\n', undefined],
    ['9223372036854771712\n', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('takes %j for %p', (text, bytes) => expect(memoryLimitOf(text)).toBe(bytes));
});
