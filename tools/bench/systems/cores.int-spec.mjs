import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { stopChild } from './children.mjs';
import { keepApart } from './cores.mjs';
import { findProgram } from './programs.mjs';

const coresOf = (pid) => /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

const isPossible = process.platform === 'linux' && cpus().length >= 2 && findProgram('taskset') !== undefined;

describe('the cores', () => {
  it('are not told apart where there is one', () => expect(keepApart(1)).toBeUndefined());

  (isPossible ? it : it.skip)('are one for the server and the others for all else; on Linux, with taskset and two cores', async () => {
    const [last, others] = [cpus().length - 1, coresOf(process.pid)];
    const apart = keepApart();
    const [server, load] = [1, 2].map(() => spawn('sleep', ['30'], { stdio: 'ignore' }));
    try {
      apart.measure(server.pid);
      const rest = last === 1 ? '1' : `1-${last}`;
      expect([server, load, process].map(({ pid }) => coresOf(pid))).toEqual(['0', rest, rest]);
    } finally {
      apart.release();
      await Promise.all([server, load].map(stopChild));
    }
    expect(coresOf(process.pid)).toBe(others);
  });
});
