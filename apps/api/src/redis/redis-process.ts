import { findProcess, kill } from '@app/database';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a start leaves in the folder, for the next one to find a server whose owner was killed. */
interface Trace {
  readonly pid: number;
  readonly startedAt: string;
  readonly url: string;
}

const traceFile = (folder: string): string => join(folder, 'server.json');

/** The server that was started on this folder and still runs. A pid that another program has by now is not it. */
export function findTrace(folder: string): Trace | undefined {
  try {
    const trace = JSON.parse(readFileSync(traceFile(folder), 'utf8')) as Trace;
    const found = findProcess(trace.pid);
    return found?.startedAt === trace.startedAt && found.command.includes('redis-server') ? trace : undefined;
  } catch {
    // None was started here, or the file was damaged by a power cut.
    return undefined;
  }
}

/** Ends the server that a killed process has left behind. It keeps nothing on disk, so there is nothing to save. */
export function endOrphan(folder: string): number | undefined {
  const orphan = findTrace(folder);
  if (orphan) kill(orphan.pid);
  rmSync(traceFile(folder), { force: true });
  return orphan?.pid;
}

/** Loopback only, with a password, nothing written to disk; the configuration goes through stdin, where `ps` does not show it. */
const settings = (port: number, password: string, folder: string): string =>
  [
    `bind 127.0.0.1`,
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    'logfile server.log',
    'save ""',
    'appendonly no',
    'maxmemory 256mb',
    'maxmemory-policy allkeys-lru',
  ].join('\n');

/**
 * Starts `redis-server` in a process group of its own, so that it outlives a Ctrl-C until the application has drained. Undefined:
 * there is no such program on the PATH.
 */
export async function startServer(folder: string, password: string): Promise<{ url: string; child: ChildProcess } | undefined> {
  const port = await freePort();
  const log = join(folder, 'server.log');
  rmSync(log, { force: true });
  const child = spawn('redis-server', ['-'], { cwd: folder, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  if (child.pid === undefined) return whyNot(child);
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const trace: Trace = { pid: child.pid, startedAt: findProcess(child.pid)?.startedAt ?? '', url };
  writeFileSync(traceFile(folder), JSON.stringify(trace), { mode: 0o600 });
  // It may end before it has read its settings; its log and exit code say why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(settings(port, password, folder));
  await ready(child, log);
  child.unref();
  return { url, child };
}

async function whyNot(child: ChildProcess): Promise<undefined> {
  const [error] = (await once(child, 'error').catch((thrown: unknown) => [thrown])) as [NodeJS.ErrnoException];
  if (error.code !== 'ENOENT') throw error;
}

/** Its own log says when it takes connections: whoever else listens on the port would not. */
async function ready(child: ChildProcess, log: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
    if (text.includes('Ready to accept connections')) return;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}: ${text.trim().split('\n').at(-1) ?? ''}`);
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error('it did not take connections within 10 s');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port on the loopback interface');
  return address.port;
}
