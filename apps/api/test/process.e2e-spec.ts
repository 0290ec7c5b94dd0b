import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ensureBuilt } from './setup/test-database.js';

const main = join(__dirname, '../../../dist/apps/api/src/main.js');

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly output: () => string;
}

/** The built program in a process group of its own, as a shell or a supervisor runs it. */
function launch(env: NodeJS.ProcessEnv): { process: ChildProcess; output: () => string } {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main], {
    env: { PATH, LOG_PRETTY: 'false', SEED_SCALE: '0.01', PORT: '0', RATE_LIMIT: 'off', ...env },
    detached: true,
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  return { process: child, output: () => text };
}

async function start(env: NodeJS.ProcessEnv): Promise<Server> {
  const launched = launch(env);
  const url = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /TechMart listens on (http:\S+)/.exec(launched.output())?.[1];
      if (found !== undefined) resolve(found);
    };
    launched.process.stdout?.on('data', look);
    launched.process.once('exit', (code) => reject(new Error(`ended with ${code}: ${launched.output()}`)));
  });
  return { ...launched, url };
}

async function end(server: Pick<Server, 'process'>, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(server.process, 'exit');
  process.kill(-(server.process.pid ?? 0), signal);
  const [code] = (await exited) as [number | null];
  return code;
}

describe('the process', () => {
  let dataDir: string;
  beforeAll(() => ensureBuilt());
  beforeEach(() => {
    dataDir = mkdtempSync('/var/tmp/techmart-process-');
    chmodSync(dataDir, 0o755);
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('fills an empty database, and starts again after its whole group was killed, with all that was written', async () => {
    const first = await start({ DATA_DIR: dataDir });
    expect(first.output()).toContain('seeded at scale 0.01');
    await end(first, 'SIGKILL');
    const second = await start({ DATA_DIR: dataDir });
    expect(second.output()).not.toContain('seeded at scale');
    expect((await fetch(`${second.url}/products/1`)).status).toBe(200);
    await end(second, 'SIGKILL');
    const third = await start({ DATA_DIR: dataDir });
    expect((await fetch(`${third.url}/products/1`)).status).toBe(200);
    expect(await end(third, 'SIGTERM')).toBe(0);
    expect(third.output()).toContain('"msg":"stopped"');
  }, 90_000);

  it('loses no request of clients that leave when they are told to, as balancers do', async () => {
    const server = await start({ DATA_DIR: dataDir, SHUTDOWN_DELAY_MS: '2000' });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const outcomes = new Map<string, number>();
    const client = async (): Promise<void> => {
      for (let isWanted = true; isWanted;) {
        const outcome = await ask(`${server.url}/products/1`, agent);
        outcomes.set(outcome.status, (outcomes.get(outcome.status) ?? 0) + 1);
        isWanted = !outcome.isLast;
      }
    };
    const clients = Array.from({ length: 20 }, client);
    while ((outcomes.get('200') ?? 0) < 100) await new Promise((resolve) => setTimeout(resolve, 20));
    const code = await end(server, 'SIGTERM');
    await Promise.all(clients);
    agent.destroy();
    expect([code, [...outcomes.keys()]]).toEqual([0, ['200']]);
  }, 60_000);

  it('names every bad variable and exits with 2', async () => {
    const server = launch({ PORT: 'x', LOG_LEVEL: 'loud', DATA_DIR: dataDir });
    const [code] = (await once(server.process, 'exit')) as [number];
    expect(code).toBe(2);
    expect(server.output()).toMatch(/PORT: .*\n.*LOG_LEVEL: /);
  });

  it('says that the port is taken, exits with 1, and leaves no database server behind', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const server = launch({ PORT: String(port), DATA_DIR: dataDir });
    const [code] = (await once(server.process, 'exit')) as [number];
    blocker.close();
    expect([code, server.output()]).toEqual([1, expect.stringContaining(`address already in use 127.0.0.1:${port}`)]);
    const again = await start({ DATA_DIR: dataDir });
    expect(again.output()).not.toContain('left behind');
    await end(again, 'SIGTERM');
  }, 60_000);
});

interface Outcome {
  readonly status: string;
  readonly isLast: boolean;
}

function ask(url: string, agent: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve({ status: error.code ?? error.message, isLast: true });
    const request = get(url, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve({ status: String(answer.statusCode), isLast: answer.headers.connection === 'close' }));
      answer.on('error', fail);
    });
    request.on('error', fail);
  });
}
