import { DataDirectoryInUse, kill, takeOwnership } from '@app/database';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endOrphan, findTrace, startServer } from './redis-process.js';

interface EmbeddedRedisOptions {
  /** Folder of its log and its trace; made when missing. */
  readonly dataDir: string;
  readonly log: (line: string) => void;
}

/**
 * The machine's own `redis-server`, started for this process: loopback, a free port, a random password, nothing kept on disk. One that
 * a killed process left behind is ended first. While another running process has the folder, its server is shared.
 */
export class EmbeddedRedis {
  private child: ChildProcess | undefined;
  private release: (() => void) | undefined;
  private folder = '';

  constructor(private readonly options: EmbeddedRedisOptions) {}

  /** Where it listens; undefined when there is no such program or it does not start: Redis is no condition for serving. */
  async start(): Promise<string | undefined> {
    try {
      mkdirSync(this.options.dataDir, { recursive: true });
      this.folder = realpathSync(this.options.dataDir);
      return await this.startOwn();
    } catch (error) {
      await this.stop();
      if (error instanceof DataDirectoryInUse) return findTrace(this.folder)?.url;
      this.options.log(`redis-server did not start: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** Safe to call twice, and after a failed start. */
  async stop(): Promise<void> {
    const { child, release } = this;
    this.child = undefined;
    this.release = undefined;
    try {
      if (child) await end(child);
      if (release) rmSync(join(this.folder, 'server.json'), { force: true });
    } finally {
      release?.();
    }
  }

  private async startOwn(): Promise<string | undefined> {
    this.release = takeOwnership(join(this.folder, 'owner.json'), this.folder);
    const orphan = endOrphan(this.folder);
    if (orphan !== undefined) this.options.log(`ended the Redis that an earlier start left behind (pid ${orphan})`);
    const started = await startServer(this.folder, randomBytes(24).toString('base64url'));
    this.child = started?.child;
    return started?.url;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const inTime = await Promise.race([exited.then(() => true), sleep(2000, false, { ref: false })]);
  if (!inTime) kill(child.pid ?? 0);
  await exited;
}
