import { setTimeout as sleep } from 'node:timers/promises';
import { CacheEngine } from '../src/cache.engine.js';
import { describeRedis, RedisServer } from './redis-server.js';
import { describeStore } from './store.conformance.js';

async function openEngine() {
  const server = await RedisServer.start();
  const [commands, subscriber] = await Promise.all([server.connect(), server.connect()]);
  const engine = new CacheEngine({ types: {}, redis: { commands, subscriber }, deadlineMs: 5000 });
  await engine.start();
  while (engine.shared?.backplane.isAttached !== true) await sleep(5);
  const close = async () => {
    await engine.stop();
    await server.stop();
  };
  return { engine, close, pass: (ms: number) => sleep(ms) };
}

describeRedis('stores on a real Redis', () => {
  describeStore('Redis', async () => {
    const { engine, ...rest } = await openEngine();
    if (!engine.shared) throw new Error('no Redis');
    return { ...rest, store: engine.shared.redis };
  });

  describeStore('L1 in front of Redis', async () => {
    const { engine, ...rest } = await openEngine();
    return { ...rest, store: engine.store };
  });
});
