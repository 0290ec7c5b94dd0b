import { fork } from 'node:child_process';
import { join } from 'node:path';
import { request } from 'undici';
import { ask, stopChild } from './children.mjs';
import { root } from './places.mjs';

/** Node's own http server adds these by itself. */
const ownHeaders = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** An answer of the server under test, to be sent again: the body and as many headers as it has. */
export async function recordAnswer(url, step) {
  const answer = await request(url + step.path, { method: step.method, headers: step.headers, body: step.body, responseHeaders: 'raw' });
  const body = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) throw new Error(`${step.method} ${step.path} answers ${answer.statusCode}`);
  const lines = answer.headers.map(String);
  const headers = lines.flatMap((name, index) => (index % 2 === 0 && !ownHeaders.has(name.toLowerCase()) ? [name, lines[index + 1]] : []));
  return { headers, body };
}

/** A bare server in a process of its own: `http` is Node's, `fastify` is Fastify with one route. */
export async function startFloor(kind, cleanup) {
  const child = fork(join(root, 'tools/bench/systems/floor-server.mjs'), [kind], { serialization: 'advanced' });
  cleanup.defer(() => stopChild(child));
  const { port } = await ask(child);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    /** From now on it sends these bytes, whatever it is asked. */
    answer: (reply) => ask(child, reply),
  };
}
