import { spawn } from 'node:child_process';
import { createClient } from 'redis';
import { freePort, stopChild, untilReady } from './children.mjs';
import { requireProgram } from './programs.mjs';

/** The processor time that Redis says it has used (`INFO cpu`), all threads, in microseconds. */
export function parseRedisCpu(info) {
  const seconds = (field) => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? NaN);
  return Math.round((seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1_000_000);
}

/** The Redis of REDIS_URL, else one of our own that keeps nothing. */
export async function openRedis(cleanup) {
  const url = process.env.REDIS_URL || (await startRedis(cleanup));
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  cleanup.defer(() => client.destroy());
  return { url, cpuMicros: async () => parseRedisCpu(await client.info('cpu')) };
}

async function startRedis(cleanup) {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(requireProgram('redis-server'), options, { stdio: 'ignore' });
  cleanup.defer(() => stopChild(child));
  const url = `redis://127.0.0.1:${port}`;
  await untilReady(child, () => isAnswering(url), { name: 'redis-server' });
  return url;
}

async function isAnswering(url) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    if (client.isOpen) client.destroy();
  }
}
