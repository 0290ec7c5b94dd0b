import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis';
import { CacheEngine } from '../src/cache.engine.js';
import { clusterCommands, type RedisCommands } from '../src/index.js';
import { until } from './cache.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';
import { describeStore } from './store.conformance.js';

async function openEngine(server: RedisServer, given?: RedisCommands) {
  const [commands, subscriber] = await Promise.all([given ?? server.connect(), server.connect()]);
  const engine = new CacheEngine({ types: {}, redis: { commands, subscriber }, deadlineMs: 5000 });
  await engine.start();
  await until(() => engine.shared?.backplane.isAttached === true);
  const close = async () => {
    await engine.stop();
    await server.stop();
  };
  if (!engine.shared) throw new Error('no Redis');
  return { engine, shared: engine.shared, close, pass: (ms: number) => sleep(ms) };
}

/** One node that owns every slot: it refuses a script whose keys lie in several, as any cluster does. */
async function startCluster(): Promise<RedisServer> {
  const server = await RedisServer.start('--cluster-enabled', 'yes');
  const client = await server.connect();
  await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']);
  await until(async () => (await client.sendCommand<string>(['CLUSTER', 'INFO'])).includes('cluster_state:ok'));
  return server;
}

describeRedis('stores on a real Redis', () => {
  describeStore('Redis', async () => {
    const { shared, ...rest } = await openEngine(await RedisServer.start());
    return { ...rest, store: shared.redis };
  });

  describeStore('L1 in front of Redis', async () => {
    const { engine, ...rest } = await openEngine(await RedisServer.start());
    return { ...rest, store: engine.store };
  });

  describeStore('Redis, spoken to as to one older than version 7', async () => {
    const { shared, ...rest } = await openEngine(await RedisServer.start());
    shared.link.withoutScriptFlags();
    return { ...rest, store: shared.redis };
  });

  describeStore('L1 in front of a Redis Cluster', async () => {
    const server = await startCluster();
    const cluster = createCluster({ rootNodes: [{ url: server.url }] }).on('error', () => undefined);
    await cluster.connect();
    const { engine, ...rest } = await openEngine(server, clusterCommands(cluster));
    const close = async () => {
      cluster.destroy();
      await rest.close();
    };
    return { ...rest, close, store: engine.store };
  });
});
