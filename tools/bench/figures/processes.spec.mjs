import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuMicrosOf, familyCpuMicros, memoryOf, parentOf, parseStat, parseStatus } from './processes.mjs';

const stat = (name) =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194304 2533 700 1 2 1234 566 78 9 20 0 11 0 1874 1193394176 15000 18446744073709551615 1 1 0 0 0`;

describe('parseStat', () => {
  it('adds up user and system time, apart from that of ended children', () => {
    expect(parseStat(stat('node'))).toEqual({ parent: 17, ticks: 1800, endedChildrenTicks: 87 });
  });

  it.each(['postgres: a b', 'tmux: server)', 'x) S 1 2 (y'])('is not misled by a process called %s', (name) => {
    expect(parseStat(stat(name))).toEqual({ parent: 17, ticks: 1800, endedChildrenTicks: 87 });
  });
});

describe('parseStatus', () => {
  const text = 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t   51200 kB\nThreads:\t11\n';

  it('gives bytes', () => {
    expect(parseStatus(text, 'VmRSS')).toBe(52_428_800);
    expect(parseStatus(text, 'VmHWM')).toBe(209_715_200);
  });

  it('knows nothing of a field that is missing or no memory', () => {
    expect(parseStatus(text, 'VmSwap')).toBeUndefined();
    expect(parseStatus(text, 'Threads')).toBeUndefined();
  });
});

describe('the figures of this machine', () => {
  it('are those of the process asked for, and of its children', async () => {
    const child = spawn(process.execPath, [
      '-e',
      'for (let i = 0; i < 3e8; i += 1); process.stdout.write("done"); setInterval(() => 0, 1000)',
    ]);
    try {
      await once(child.stdout, 'data');
      expect(parentOf(child.pid)).toBe(process.pid);
      const [own, childs] = [cpuMicrosOf(process.pid), cpuMicrosOf(child.pid)];
      expect(childs).toBeGreaterThan(0);
      expect(familyCpuMicros(process.pid)).toBeGreaterThanOrEqual(own + childs);
      expect(memoryOf(child.pid).peakRssBytes).toBeGreaterThan(10_000_000);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('never go back, while children end all the time', async () => {
    const script = 'while :; do (i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done); done';
    const parent = spawn('sh', ['-c', script]);
    try {
      const seen = [0];
      for (let count = 0; count < 80; count += 1) {
        seen.push(familyCpuMicros(parent.pid));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(seen.at(-1)).toBeGreaterThan(0);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  });

  it('fail for a process that is not there', () => {
    expect(() => cpuMicrosOf(0)).toThrow('ENOENT');
  });
});
