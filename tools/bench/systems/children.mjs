import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** What has been started and must be stopped, last first, however the benchmark ends. */
export class Cleanup {
  #steps = [];

  defer(step) {
    this.#steps.push(step);
  }

  async run() {
    while (this.#steps.length > 0) {
      try {
        await this.#steps.pop()();
      } catch (error) {
        process.stderr.write(`could not clean up: ${error.message}\n`);
      }
    }
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

/** Waits until `isReady` says so. Fails when the child ends before, with the end of what it wrote, and after `timeoutMs`. */
export async function untilReady(child, isReady, { name, log, timeoutMs = 60_000 }) {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady().catch(() => false))) {
    const wrote = () => (log === undefined ? '' : `\n${readFileSync(log, 'utf8').slice(-2000)}`);
    if (hasEnded(child)) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}${wrote()}`);
    if (Date.now() > deadline) throw new Error(`${name} was not ready after ${timeoutMs / 1000} s${wrote()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks a child to stop, and makes it after ten seconds. */
export async function stopChild(child) {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(force);
}

/** Sends a message to a forked child and waits for the next one that it sends. Fails when the child ends instead. */
export async function ask(child, message) {
  const settled = new AbortController();
  const { signal } = settled;
  const answered = once(child, 'message', { signal }).then(([answer]) => answer);
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a child of the benchmark ended with ${code}`);
  });
  // Whichever loses is told to stop listening.
  for (const promise of [answered, ended]) promise.catch(() => undefined);
  try {
    if (message !== undefined) child.send(message);
    return await Promise.race([answered, ended]);
  } finally {
    settled.abort();
  }
}
