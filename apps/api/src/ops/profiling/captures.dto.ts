import { z } from 'zod';
import { booleanParameter, integerParameter } from '../../http/schema.js';

const seconds = integerParameter(1, 30).describe('How long to watch');

export const cpuQuery = z.object({
  seconds,
  format: z
    .enum(['html', 'cpuprofile'])
    .optional()
    .describe('`html`: a page with a flame graph; `cpuprofile`: for the developer tools of a browser. Unless told, as `Accept` says'),
});
export type CpuQuery = z.output<typeof cpuQuery>;

export const heapQuery = z.object({
  seconds,
  objects: booleanParameter()
    .optional()
    .describe('Also count objects by constructor, from a snapshot: the process stands still for about a second per 100 MB. Default false'),
});
export type HeapQuery = z.output<typeof heapQuery>;

const bytes = z.int().min(0);

/** `Profiler.Profile` of the Chrome DevTools Protocol. */
export const cpuProfile = z
  .looseObject({
    nodes: z.array(z.looseObject({ id: z.int(), callFrame: z.looseObject({ functionName: z.string(), url: z.string() }) })),
    startTime: z.number(),
    endTime: z.number(),
    samples: z.array(z.int()).optional(),
    timeDeltas: z.array(z.int()).optional(),
  })
  .meta({ id: 'CpuProfile' });

export const heapSummary = z
  .object({
    used_bytes: bytes,
    total_bytes: bytes,
    limit_bytes: bytes,
    external_bytes: bytes.describe('Outside the heap'),
    spaces: z.array(z.object({ name: z.string(), used_bytes: bytes, total_bytes: bytes })),
    allocations: z
      .array(z.object({ function: z.string(), place: z.string(), bytes }))
      .describe('Allocated while it watched and still alive, by function, most first; estimated from samples'),
    objects: z
      .array(z.object({ type: z.string(), constructor_name: z.string().nullable(), count: z.int(), bytes }))
      .nullable()
      .describe('Most bytes first; null unless asked for'),
  })
  .meta({ id: 'HeapSummary' });
