import { totalmem } from 'node:os';
import { memoryLimitBytes } from './process.metrics.js';

const files = (contents: Record<string, string>) => (path: string) => contents[path] ?? '';

describe('memoryLimitBytes', () => {
  it.each([
    ['version 2', { '/sys/fs/cgroup/memory.max': '268435456' }, 268_435_456],
    ['version 1', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '134217728' }, 134_217_728],
    ['no limit in version 2', { '/sys/fs/cgroup/memory.max': 'max' }, totalmem()],
    ['no limit in version 1', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712' }, totalmem()],
    ['no control group', {}, totalmem()],
  ])('reads %s', (_case, contents, limit) => expect(memoryLimitBytes(files(contents as Record<string, string>))).toBe(limit));
});
