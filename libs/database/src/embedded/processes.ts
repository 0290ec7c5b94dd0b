import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What identifies a running process beyond its number, which the system gives again to others. */
export interface ProcessInfo {
  readonly pid: number;
  /** When it started, in the system's own notation; two processes with one pid differ here. */
  readonly startedAt: string;
  readonly command: string;
  /** Its working directory, where the system tells it. */
  readonly folder?: string | undefined;
}

/** The process with this pid; undefined when there is none, or only a zombie that nobody has waited for. */
export function findProcess(pid: number): ProcessInfo | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

// Field 2 of stat is the name in parentheses, which may hold anything; the state is the first field after it, the start the 20th.
function fromProc(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, startedAt: fields[19] ?? '', command, folder: workingDirectory(pid) };
  } catch {
    // No such directory: the process is gone.
    return undefined;
  }
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Another account's process, and this one may not look.
    return undefined;
  }
}

/** Every process that works in this very folder; none where the system does not tell. */
export function processesIn(folder: string): ProcessInfo[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && workingDirectory(Number(name)) === folder);
  return pids.flatMap((pid) => findProcess(Number(pid)) ?? []);
}

/** Ends a process at once; one that is gone already is no error. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function fromPs(pid: number): ProcessInfo | undefined {
  if (process.platform === 'win32') return isAlive(pid) ? { pid, startedAt: '', command: 'postgres' } : undefined;
  try {
    const columns = ['-o', 'state=,lstart=,command='];
    const row = execFileSync('ps', ['-p', String(pid), ...columns], { encoding: 'utf8' }).trim();
    const [, state, startedAt, command] = /^(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/s.exec(row) ?? [];
    if (state === undefined || state.startsWith('Z')) return undefined;
    return { pid, startedAt: startedAt ?? '', command: command ?? '' };
  } catch {
    // ps exits with 1 when there is no such process.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
