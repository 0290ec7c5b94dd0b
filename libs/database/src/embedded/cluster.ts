import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { canReach, giveTo, type ServerAccount } from './account.js';
import { copyBinaries, executable, findBinaries, makeSymlinks } from './binaries.js';
import { findProcess, type ProcessInfo } from './processes.js';

const run = promisify(execFile);

/** Where a cluster lives and what runs it. */
export class Cluster {
  readonly data: string;
  readonly log: string;
  readonly owner: string;

  constructor(
    readonly folder: string,
    private readonly native: string,
    private readonly account: ServerAccount | undefined,
  ) {
    this.data = join(folder, 'cluster');
    this.log = join(folder, 'server.log');
    this.owner = join(folder, 'owner.json');
  }

  get password(): string {
    return readFileSync(join(this.folder, 'password'), 'utf8');
  }

  /** Makes the cluster unless it is there. Made aside and renamed, so that a start that is cut off leaves none or a whole one. */
  async create(): Promise<void> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return;
    const unfinished = join(this.folder, 'unfinished');
    rmSync(unfinished, { recursive: true, force: true });
    const passwordFile = join(this.folder, 'initial-password');
    const password = randomBytes(24).toString('base64url');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    giveTo(this.account, passwordFile);
    try {
      await this.execute('initdb', ['-D', unfinished, ...initdbOptions, `--pwfile=${passwordFile}`]);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    writeFileSync(join(this.folder, 'password'), password, { mode: 0o600 });
    chmodSync(join(this.folder, 'password'), 0o600);
    renameSync(unfinished, this.data);
  }

  /** The server that runs on this cluster, whoever started it. A pid that another program has by now is not it. */
  runningServer(): ProcessInfo | undefined {
    const lines = readLines(join(this.data, 'postmaster.pid'));
    const found = findProcess(Number(lines[0]));
    return found && /postgres|postmaster/i.test(found.command) && lines[1] !== undefined && this.isOurs(found) ? found : undefined;
  }

  private isOurs(server: ProcessInfo): boolean {
    return process.platform === 'win32' || server.command.includes(this.data);
  }

  /** Forgets a server that is not there any more; PostgreSQL itself would refuse to start if its pid were another program's. */
  clearStalePid(): void {
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
  }

  /** `pg_ctl`, `initdb`: run as the server's account, outside this process group, so that a signal to the group spares the server. */
  async execute(name: string, parameters: string[]): Promise<void> {
    try {
      await run(executable(this.native, name), parameters, {
        ...this.account,
        cwd: this.folder,
        env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
        windowsHide: true,
      });
    } catch (error) {
      const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
      throw new Error(`${name} failed: ${(stderr || stdout || String(error)).trim()}\n${this.logTail()}`.trim(), { cause: error });
    }
  }

  /** The last lines of the server's log, for a message to a person. */
  logTail(): string {
    return readLines(this.log).slice(-8).join('\n');
  }
}

const initdbOptions = [
  '--username=techmart',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--no-instructions',
]; // prettier-ignore

function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

/**
 * Finds a place where the server's account can work. Usually the folder asked for; when the account cannot reach it (root's home is
 * closed to others), a folder in the system's temporary place that stays the same for the same request.
 */
export function prepareCluster(wanted: string, account: ServerAccount | undefined, log: (line: string) => void): Cluster {
  const asked = resolve(wanted);
  const installed = findBinaries();
  makeSymlinks(installed);
  const reachable = canReach(account, asked);
  const folder = reachable ? asked : join('/var/tmp', `techmart-${createHash('sha256').update(asked).digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  giveTo(account, folder);
  if (!reachable) log(`PostgreSQL cannot run as root, and its account cannot reach ${asked}; its files are in ${folder}`);
  const native = canReach(account, installed) ? installed : copyBinaries(installed, join(folder, 'binaries'));
  return new Cluster(folder, native, account);
}
