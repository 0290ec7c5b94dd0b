import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findProcess } from './processes.js';

/** Another running process has this data directory. */
export class DataDirectoryInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`${folder} is used by another running TechMart (pid ${pid}). Stop it, or set DATA_DIR to a folder of its own.`);
    this.name = 'DataDirectoryInUse';
  }
}

/**
 * Takes the data directory for this process: a file that names its pid and start time. One left by a process that
 * was killed is taken over; of several that try at once, one succeeds. Throws `DataDirectoryInUse` while its owner runs.
 * Returns the function that gives it back.
 */
export function takeOwnership(file: string, folder: string): () => void {
  const mine = `${file}.${process.pid}`;
  try {
    writeFileSync(mine, JSON.stringify({ pid: process.pid, startedAt: findProcess(process.pid)?.startedAt ?? '' }));
    for (let attempt = 1; !isLinked(mine, file); attempt += 1) {
      if (attempt > 10) throw new DataDirectoryInUse(folder, 0);
      removeAbandoned(file, folder);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** Puts the file in its place whole, unless there is one: nobody ever reads half of it. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Moves the file away before it is deleted: another start may have put its own in the place of the one that was read. */
function removeAbandoned(file: string, folder: string): void {
  const found = read(file);
  assertAbandoned(found, folder);
  const aside = `${file}.${process.pid}.aside`;
  try {
    renameSync(file, aside);
  } catch {
    // Somebody else has moved it away just now.
    return;
  }
  if (read(aside) !== found) isLinked(aside, file);
  rmSync(aside, { force: true });
}

function assertAbandoned(text: string, folder: string): void {
  const owner = parse(text);
  const running = owner && findProcess(owner.pid);
  if (owner && running && running.startedAt === owner.startedAt) throw new DataDirectoryInUse(folder, owner.pid);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone meanwhile: nobody owns it.
    return '';
  }
}

function parse(text: string): { pid: number; startedAt: string } | undefined {
  try {
    return JSON.parse(text) as { pid: number; startedAt: string };
  } catch {
    // Damaged by a full disk or a power cut.
    return undefined;
  }
}
