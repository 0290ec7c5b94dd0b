import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readCgroupLimits } from './cgroup.js';

describe('readCgroupLimits', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cgroup-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function read(self: string, files: Record<string, string>) {
    for (const [name, text] of Object.entries({ ...files, self })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return readCgroupLimits(root, join(root, 'self'));
  }

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
