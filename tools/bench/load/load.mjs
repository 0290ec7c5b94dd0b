import { fork } from 'node:child_process';
import { join } from 'node:path';
import { ask, stopChild } from '../systems/children.mjs';
import { root } from '../systems/places.mjs';

/** Above this share of a core, the generator itself may be what is slow. */
export const busiestGenerator = 0.7;

/**
 * The load generator. A job says what to do (`behaviour`), how (`mode`: `{ kind: 'arrivals', rate }` or `{ kind: 'users', users, thinkMs }`),
 * whom to ask (`url`, `connections`), how long (`seconds`), with which `seed`; its `world` adds to that of all jobs.
 */
export async function startLoad(world, cleanup) {
  const child = fork(join(root, 'tools/bench/load/generator.mjs'), { serialization: 'advanced' });
  cleanup.defer(() => stopChild(child));
  await ask(child, { world });
  return async (job) => {
    const result = await ask(child, { job });
    if (result.error) throw new Error(result.error);
    return result;
  };
}
