import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canReach, type ServerAccount } from '../src/embedded/account.js';
import { packageName } from '../src/embedded/binaries.js';

const root = join(__dirname, '../../..');
const built = join(root, 'dist/libs/database/src/index.js');

/** Skipped, with the reason in the name, where npm has no PostgreSQL for the platform. */
export function describeEmbedded(name: string, tests: () => void): void {
  if (existsSync(join(root, 'node_modules', packageName()))) describe(name, tests);
  // oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title -- skipped for a reason that its name tells
  else describe.skip(`${name}: skipped, since ${packageName()} is not installed`, tests);
}

/** An account other than root's. */
export const nobody: ServerAccount = { uid: 65_534, gid: 65_534 };

export function describeAsNobody(name: string, tests: () => void): void {
  const isPossible = process.getuid?.() === 0 && canReach(nobody, process.execPath) && canReach(nobody, root);
  if (isPossible) describe(name, tests);
  // oxlint-disable-next-line jest/no-disabled-tests, jest/valid-title -- skipped for a reason that its name tells
  else describe.skip(`${name}: skipped, since only root can start a program as another account`, tests);
}

export interface Child {
  readonly process: ChildProcess;
  readonly url: string;
}

/** A start in a process of its own, from the build: a process can only be killed from outside. Rejects with what it wrote before it ended. */
export async function startInChild(dataDir: string, settings: Record<string, string>, account?: ServerAccount): Promise<Child> {
  const script = `
    import { EmbeddedPostgres } from ${JSON.stringify(pathToFileURL(built).href)};
    const { url } = await new EmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: ${JSON.stringify(settings)} }).start();
    console.log(url);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('close', () => reject(new Error(errors)));
  });
  return { process: child, url };
}

/** As the system does it when memory runs out: no time to clean up. */
export async function kill({ process: child }: Child): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
