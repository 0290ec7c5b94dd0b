import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register } from 'prom-client';
import { addCgroupMemory } from './cgroup-memory.js';

describe('addCgroupMemory', () => {
  let folder: string;
  beforeEach(() => {
    register.clear();
    folder = mkdtempSync(join(tmpdir(), 'cgroup-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const paths = () => ({ limit: join(folder, 'memory.max'), usage: join(folder, 'memory.current') });
  const write = (limit: string, usage: string): void => {
    writeFileSync(paths().limit, limit);
    writeFileSync(paths().usage, usage);
  };
  const rows = async (): Promise<string[]> => (await register.metrics()).split('\n').filter((line) => line.startsWith('cgroup'));

  it('shows the limit and the use as they are at each scrape', async () => {
    write('536870912\n', '104857600\n');
    addCgroupMemory(paths());
    expect(await rows()).toEqual(['cgroup_memory_usage_bytes 104857600', 'cgroup_memory_limit_bytes 536870912']);
    write('1073741824\n', '209715200\n');
    expect(await rows()).toEqual(['cgroup_memory_usage_bytes 209715200', 'cgroup_memory_limit_bytes 1073741824']);
  });

  it.each([
    ['version 2', 'max\n'],
    ['version 1', '9223372036854771712\n'],
  ])('has no row for a limit that %s does not set', async (_version, limit) => {
    write(limit, '104857600\n');
    addCgroupMemory(paths());
    expect(await rows()).toEqual(['cgroup_memory_usage_bytes 104857600']);
  });

  it('has no row for files that cannot be read any more, and the scrape goes on', async () => {
    write('536870912\n', '104857600\n');
    addCgroupMemory(paths());
    await rows();
    rmSync(folder, { recursive: true });
    expect(await rows()).toEqual([]);
  });

  it('shows nothing where memory is not counted', async () => {
    addCgroupMemory(undefined);
    expect(await register.metrics()).not.toContain('cgroup');
  });
});
