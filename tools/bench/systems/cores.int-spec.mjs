import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { describeIf } from '../../../apps/api/test/setup/services.js';
import { stopChild } from './children.mjs';
import { keepApart } from './cores.mjs';
import { findProgram } from './programs.mjs';

const coresOf = (pid) => /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

describe('the cores', () => {
  it('are not told apart where there is one', () => expect(keepApart(1)).toBeUndefined());

  describeIf(cpus().length >= 2 && findProgram('taskset') !== undefined, 'a machine of two cores with taskset', () => {
    it('are one for the server and the others for all else', async () => {
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
});
