import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { giveTo } from './account.js';
import { executable, usableBinaries } from './binaries.js';
import type { Place } from './place.js';
import { findProcess, kill, processesIn, type ProcessInfo } from './processes.js';

const run = promisify(execFile);

/** `pg_ctl` notices a server that gives up at once; the time is for one that recovers or writes its last checkpoint on a slow disk. */
const wait = ['-w', '-t', '300'];

const MAX_LOG_BYTES = 10_000_000;

/** One cluster's files, and what is known of the server on them. */
export class Cluster {
  readonly folder: string;
  readonly data: string;
  readonly log: string;

  constructor(private readonly place: Place) {
    this.folder = place.folder;
    this.data = join(place.folder, 'cluster');
    this.log = join(place.folder, 'server.log');
  }

  get password(): string {
    return readFileSync(join(this.folder, 'password'), 'utf8');
  }

  /** Where the server listened last; 0: never yet. Kept, so that others find it there again after a restart. */
  get previousPort(): number {
    return Number(readLines(join(this.folder, 'port'))[0] ?? 0);
  }

  set previousPort(port: number) {
    writeFileSync(join(this.folder, 'port'), String(port));
  }

  /** Makes the cluster unless it is there. Made aside and renamed, so that a start that is cut off leaves none or a whole one. */
  async create(): Promise<void> {
    if (existsSync(join(this.data, 'PG_VERSION'))) return;
    const unfinished = join(this.folder, 'unfinished');
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    const password = randomBytes(24).toString('base64url');
    const passwordFile = this.writeFor('initial-password', password);
    giveTo(this.place.account, unfinished);
    try {
      await this.execute('initdb', ['-D', unfinished, ...initdbOptions, `--pwfile=${passwordFile}`]);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    this.writeSecret('password', password);
    renameSync(unfinished, this.data);
  }

  /** Keeps the log of this start and the earlier ones below about 20 MB. */
  prepareLog(): void {
    const size = statSync(this.log, { throwIfNoEntry: false })?.size;
    if (size !== undefined && size > MAX_LOG_BYTES) renameSync(this.log, `${this.log}.1`);
    if (!existsSync(this.log)) this.writeFor('server.log', '');
  }

  private writeSecret(name: string, text: string): string {
    const file = join(this.folder, name);
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** A file that the server's account, and no other, can read and write. */
  private writeFor(name: string, text: string): string {
    const file = this.writeSecret(name, text);
    giveTo(this.place.account, file);
    return file;
  }

  /** The server that runs on this cluster, whoever started it. A pid that another program has by now is not it. */
  runningServer(): ProcessInfo | undefined {
    const found = findProcess(Number(readLines(join(this.data, 'postmaster.pid'))[0]));
    return found && /postgres|postmaster/i.test(found.command) && this.isOurs(found) ? found : undefined;
  }

  /** Where the running server listens; undefined until it takes connections. Lines 4 and 8 of its own file. */
  get readyPort(): number | undefined {
    const lines = readLines(join(this.data, 'postmaster.pid'));
    return this.runningServer() && lines[7]?.trim() === 'ready' ? Number(lines[3]) : undefined;
  }

  /** With user and password. */
  urlOf(database: string, port: number): string {
    return `postgres://techmart:${this.password}@127.0.0.1:${port}/${database}`;
  }

  private isOurs(server: ProcessInfo): boolean {
    return process.platform === 'win32' || server.folder === this.data || server.command.includes(this.data);
  }

  /**
   * Forgets a server that is not there any more; PostgreSQL itself would refuse to start if its pid were another program's. Ends the
   * children that a killed server has left at work: until they are gone, no other can start here.
   */
  clearStalePid(): void {
    const file = join(this.data, 'postmaster.pid');
    if (!existsSync(file)) return;
    for (const { pid, command } of processesIn(this.data)) if (command.startsWith('postgres:')) kill(pid);
    rmSync(file, { force: true });
  }

  startServer(options: string): Promise<void> {
    return this.execute('pg_ctl', ['start', '-D', this.data, '-l', this.log, '-s', '-o', options, ...wait]);
  }

  /** `fast` writes a checkpoint, `immediate` leaves the next start to recover. Does nothing when no server runs. */
  async stopServer(mode: 'fast' | 'immediate'): Promise<void> {
    if (!this.runningServer()) return;
    try {
      await this.execute('pg_ctl', ['stop', '-D', this.data, '-m', mode, ...wait]);
    } catch (error) {
      // One that has just been killed goes by itself.
      if (this.runningServer()) throw error;
    }
  }

  /** `pg_ctl` and `initdb`, as the server's account. `pg_ctl` starts the server in a session of its own. */
  private async execute(name: string, parameters: string[]): Promise<void> {
    const { account, folder } = this.place;
    const program = executable(usableBinaries(account, folder), name);
    try {
      const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
      await run(program, parameters, { ...account, cwd: folder, env, windowsHide: true });
    } catch (error) {
      const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
      throw new Error(`${name} failed: ${(stderr || stdout || String(error)).trim()}\n${this.logTail()}`.trim(), { cause: error });
    }
  }

  /** The last lines of the server's log, for a message to a person. */
  private logTail(): string {
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
