import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { findProgram } from './programs.mjs';

const bind = (pid, list) => execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', list, String(pid)], { stdio: 'ignore' });

/**
 * The first core for the servers that are measured, which run one at a time, and the others for all else: load, database, Redis. Left to the
 * scheduler, they push each other from core to core, and the processor time of one and the same server differs by a factor of two from run to
 * run. Call it before anything is started: children inherit the cores of their parent. Undefined where it cannot be done.
 */
export function keepApart(cores = cpus().length) {
  if (cores < 2 || findProgram('taskset') === undefined) return undefined;
  bind(process.pid, `1-${cores - 1}`);
  return {
    /** Gives a server, with the threads that it has and will have, the first core. */
    measure: (pid) => bind(pid, '0'),
    /** This process may run anywhere again. */
    release: () => bind(process.pid, `0-${cores - 1}`),
  };
}
