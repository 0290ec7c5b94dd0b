import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The fields of /proc/<pid>/stat that tell what a process has cost (proc(5)). Its name stands in brackets and may itself hold
 * brackets and spaces, so the numbers start after the last closing one.
 */
export function parseStat(text) {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (field) => Number(fields[field - 3]);
  return { parent: number(4), ticks: number(14) + number(15), endedChildrenTicks: number(16) + number(17) };
}

/** A memory figure of /proc/<pid>/status, in bytes; undefined when it is not there. */
export function parseStatus(text, field) {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

let ticksPerSecond;

function microsOf(ticks) {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return (ticks * 1_000_000) / ticksPerSecond;
}

const readStat = (pid) => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** User and system time that a process has used, in microseconds, to the clock tick (10 ms on most machines). */
export const cpuMicrosOf = (pid) => microsOf(readStat(pid).ticks);

export const parentOf = (pid) => readStat(pid).parent;

/**
 * The same of a process, its children, and those of them that have ended: PostgreSQL's postmaster and all its backends. A child that ends
 * while we read would be counted twice or not at all, so that the reading is repeated until none has.
 */
export function familyCpuMicros(pid) {
  for (;;) {
    const before = readStat(pid);
    const children = childrenTicks(pid);
    const after = readStat(pid);
    if (before.endedChildrenTicks === after.endedChildrenTicks) return microsOf(after.ticks + children + after.endedChildrenTicks);
  }
}

function childrenTicks(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.reduce((sum, child) => sum + ticksOfChild(child, pid), 0);
}

function ticksOfChild(pid, parent) {
  try {
    const stat = readStat(pid);
    return stat.parent === parent ? stat.ticks : 0;
  } catch {
    return 0; // It ended meanwhile, and counts among the ended ones.
  }
}

/** Resident memory now and at its highest, in bytes. */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { rssBytes: parseStatus(text, 'VmRSS'), peakRssBytes: parseStatus(text, 'VmHWM') };
}
