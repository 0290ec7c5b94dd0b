import { memoryLimitOf, type findCgroupMemory } from '@app/common';
import { readFile } from 'node:fs/promises';
import { Gauge } from 'prom-client';

/**
 * What the kernel counts for the control group of the process, its page cache and its other processes included, and what it lets it have.
 * Read in each scrape, outside the event loop: a limit may change while the process runs. Without a memory controller there is no such
 * metric, and without a limit no row of one.
 */
export function addCgroupMemory(files: ReturnType<typeof findCgroupMemory>): void {
  if (!files) return;
  addFileGauge('cgroup_memory_usage_bytes', 'Memory of the control group, its page cache included', files.usage, sizeOf);
  addFileGauge('cgroup_memory_limit_bytes', 'Memory that the control group may use', files.limit, memoryLimitOf);
}

function addFileGauge(name: string, help: string, file: string, valueOf: (text: string) => number | undefined): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    collect: async () => {
      // A group that is not readable any more has no figures, and must not cost the scrape all the others.
      const text = await readFile(file, 'utf8').catch(() => '');
      const value = valueOf(text.trim());
      gauge.remove();
      if (value !== undefined) gauge.set(value);
    },
  });
}

const sizeOf = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);
