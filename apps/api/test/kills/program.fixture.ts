import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const main = join(__dirname, '../../../../dist/apps/api/src/main.js');
const hook = pathToFileURL(join(__dirname, 'kill-hook.mjs')).href;

export interface Program {
  readonly url: string;
  /** Ends it at once. Resolves when it is gone, also when it has ended itself. */
  kill(): Promise<void>;
}

/** The built program, listening, with the hook that lets it end itself at a statement. */
export async function startProgram(env: NodeJS.ProcessEnv): Promise<Program> {
  const child = spawn(process.execPath, ['--import', hook, main], {
    // Without a PATH it finds no Redis to start, which would be left behind.
    env: { PATH: '', NODE_ENV: 'test', LOG_PRETTY: 'false', RATE_LIMIT: 'off', PORT: '0', CACHE_WARM_UP_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await listening(child);
  return {
    url,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function listening(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise<string>((resolve, reject) => {
    const look = (data: Buffer): void => {
      output += data.toString();
      const found = /TechMart listens on (http:[^\s"]+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
}

interface Call {
  readonly token: string;
  readonly key: string;
  readonly items: readonly { readonly product_id: number; readonly quantity: number }[] | undefined;
}

/** The same request as `placeOrder` sends, over the network. Undefined: cut off before the answer was whole. */
export async function sendOrder(url: string, { token, key, items }: Call): Promise<{ status: number; id: number } | undefined> {
  try {
    const answer = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': key },
      body: JSON.stringify({ ...(items ? { items } : {}), shipping_address: 'Calle Mayor 1, Madrid', payment_method: 'card' }),
    });
    const { id } = (await answer.json()) as { id: number };
    return { status: answer.status, id };
  } catch {
    return undefined;
  }
}
