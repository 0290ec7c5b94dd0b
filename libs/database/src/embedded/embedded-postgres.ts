import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { Cluster } from './cluster.js';
import { takeOwnership } from './owner.js';
import { inFolder, preparePlace } from './place.js';
import { asOptions, defaultDatabase, defaultSettings } from './settings.js';

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, its log and its password; made when missing. One running process may use it. */
  readonly dataDir: string;
  /** Name of the database that is made in it. Default `techmart`. */
  readonly database?: string;
  /** Server settings that replace or add to the defaults. Values hold no quotes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told one line about each step that a person may want to know of. */
  readonly log?: (line: string) => void;
}

export interface RunningPostgres {
  /** With user and password. Keep it out of logs. */
  readonly url: string;
  readonly port: number;
}

/** What a start can fail of that will be over in a moment. */
const passing = /Address already in use|still in use|lock file "postmaster.pid" already exists/;

/**
 * A PostgreSQL of our own, from the binary packages on npm. It listens on a free loopback port, asks for a random password kept
 * beside the cluster, and lives in a process group of its own, so that it outlives a Ctrl-C until the application has drained.
 *
 * A server that an earlier start left behind (this process was killed) is stopped first and recovers by its log; nothing that was
 * committed is lost. Two starts on one folder: the second fails with `DataDirectoryInUse` and harms nothing.
 * Measured on two cores: first start 3 s, later ones 0.3 s.
 */
export class EmbeddedPostgres {
  private cluster: Cluster | undefined;
  private release: (() => void) | undefined;

  constructor(private readonly options: EmbeddedPostgresOptions) {}

  /** Throws with the last lines of the server's log when it does not come up; a long recovery may take five minutes. */
  async start(): Promise<RunningPostgres> {
    const cluster = this.open();
    try {
      await cluster.create();
      await this.stopOrphan(cluster);
      const port = await this.startServer(cluster);
      return { url: await this.ensureDatabase(cluster, port), port };
    } catch (error) {
      // What went wrong first is what matters; a server that stays is stopped by the next start.
      await this.stop().catch(() => undefined);
      throw error;
    }
  }

  /** Cuts off running transactions and waits for the last checkpoint. Safe to call twice, and after a failed start. */
  async stop(): Promise<void> {
    const { cluster, release } = this;
    this.cluster = undefined;
    this.release = undefined;
    try {
      await cluster?.stopServer('fast');
    } finally {
      release?.();
    }
  }

  /** Stops the server, one that a killed process left behind as well, and deletes the cluster with all that is in it. */
  async remove(): Promise<void> {
    await this.stop();
    const cluster = this.open();
    try {
      await this.stopOrphan(cluster);
    } finally {
      await this.stop();
    }
    for (const folder of [cluster.folder, this.options.dataDir]) rmSync(folder, { recursive: true, force: true });
  }

  private open(): Cluster {
    const place = preparePlace(this.options.dataDir, (line) => this.log(line));
    this.release = inFolder(place.folder, () => takeOwnership(join(place.folder, 'owner.json'), place.folder));
    this.cluster = new Cluster(place);
    return this.cluster;
  }

  private log(line: string): void {
    this.options.log?.(line);
  }

  private async stopOrphan(cluster: Cluster): Promise<void> {
    const orphan = cluster.runningServer();
    if (orphan) this.log(`stopping the PostgreSQL that an earlier start left behind (pid ${orphan.pid})`);
    await cluster.stopServer('immediate');
    cluster.clearStalePid();
  }

  /** A port can be taken between looking and listening, and children of a killed server take a moment to leave: tried again. */
  private async startServer(cluster: Cluster): Promise<number> {
    const settings = asOptions({ ...defaultSettings, ...this.options.settings });
    cluster.prepareLog();
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(attempt === 1 ? cluster.previousPort : 0);
      try {
        await cluster.startServer(`-p ${port} ${settings}`);
        cluster.previousPort = port;
        return port;
      } catch (error) {
        if (attempt >= 5 || !passing.test(String(error))) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
      }
    }
  }

  private async ensureDatabase(cluster: Cluster, port: number): Promise<string> {
    const name = this.options.database ?? defaultDatabase;
    const client = new Client({ connectionString: cluster.urlOf('postgres', port) });
    await client.connect();
    try {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    } finally {
      await client.end();
    }
    return cluster.urlOf(name, port);
  }
}

/** The wanted port if nobody listens there, else any free one; 0 wants none in particular. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(wanted, '127.0.0.1', () => resolve(true));
  });
  if (!isListening && wanted !== 0) return freePort(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port on the loopback interface');
  return address.port;
}
