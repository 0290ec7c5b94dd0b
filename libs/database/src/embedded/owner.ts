import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findProcess } from './processes.js';

/** Another running process has this data directory. */
export class DataDirectoryInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`${folder} is used by another running TechMart (pid ${pid}). Stop it, or set DATA_DIR to a folder of its own.`);
    this.name = 'DataDirectoryInUse';
  }
}

/**
 * Takes the data directory for this process: a file that names pid and start time, made exclusively. One left by a process that
 * was killed is taken over. Throws `DataDirectoryInUse` while its owner runs.
 */
export function takeOwnership(file: string, folder: string): () => void {
  const self = findProcess(process.pid);
  const mine = JSON.stringify({ pid: process.pid, startedAt: self?.startedAt ?? '' });
  for (let attempt = 1; ; attempt += 1) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o644 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
      assertAbandoned(file, folder);
      rmSync(file, { force: true });
    }
  }
}

function assertAbandoned(file: string, folder: string): void {
  const owner = readOwner(file);
  const running = owner && findProcess(owner.pid);
  if (owner && running && running.startedAt === owner.startedAt) throw new DataDirectoryInUse(folder, owner.pid);
}

function readOwner(file: string): { pid: number; startedAt: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { pid: number; startedAt: string };
  } catch {
    // Cut short by the same kill, or gone meanwhile: nobody owns it.
    return undefined;
  }
}
