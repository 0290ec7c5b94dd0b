// What a read of the cache costs, in microseconds and as a multiple of the floor below it: `npm run build && node tools/bench-cache.mjs`.
// Needs redis-server. Each figure is the median of nine rounds after two of warm-up, with the lowest
// and highest round; ratios are of CPU time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createClient } from 'redis';
import { Cache } from '../dist/libs/cache/src/cache.js';
import { CacheEngine } from '../dist/libs/cache/src/cache.engine.js';

const rounds = 9;
const value = {
  id: 7,
  name: 'Product',
  price: 19.99,
  stock: 12,
  description: 'x'.repeat(700),
  category: { id: 3, name: 'Category' },
  tags: ['a', 'b', 'c'],
};

async function startRedis() {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address();
  holder.close();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--loglevel', 'warning'], {
    stdio: 'ignore',
  });
  const connect = async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } }).on('error', () => undefined);
    await client.connect();
    return client;
  };
  return { server, connect };
}

/** CPU time of this process, user and system, which a busy machine does not stretch; and the time that went by. */
async function measure(name, turns, turn) {
  const cpu = [];
  const wall = [];
  for (let round = -2; round < rounds; round += 1) {
    const [cpuBefore, wallBefore] = [process.cpuUsage(), process.hrtime.bigint()];
    await turn(turns);
    if (round < 0) continue;
    const { user, system } = process.cpuUsage(cpuBefore);
    cpu.push((user + system) / turns);
    wall.push(Number(process.hrtime.bigint() - wallBefore) / 1000 / turns);
  }
  for (const figures of [cpu, wall]) figures.sort((one, other) => one - other);
  const median = cpu[rounds >> 1];
  const spread = `${cpu[0].toFixed(3)} – ${cpu.at(-1).toFixed(3)}`;
  console.log(`${name.padEnd(42)} ${median.toFixed(3).padStart(9)} µs CPU  (${spread})  ${wall[rounds >> 1].toFixed(2)} µs`);
  return median;
}

const sequentially = (work) => async (turns) => {
  for (let turn = 0; turn < turns; turn += 1) await work(turn);
};

const { server, connect } = await startRedis();
const [commands, subscriber] = [await connect(), await connect()];
const types = { product: { ttl: 3600, prefix: 'prod', consistency: 'strict' } };
const engine = new CacheEngine({
  types,
  redis: { commands, subscriber },
  maxEntries: 300_000,
  maxBytes: 1 << 30,
  trustMs: 3_600_000,
  heartbeatMs: 60_000,
  deadlineMs: 5000,
});
await engine.start();
while (!engine.shared.backplane.isAttached) await new Promise((resolve) => setTimeout(resolve, 10));
const cache = new Cache(engine);
const load = async () => value;
const tags = (id) => ({ tags: [`product:${id}`] });

try {
  const map = new Map(Array.from({ length: 10_000 }, (_, id) => [`prod:${id}`, value]));
  let sum = 0;
  const get = await measure('Map.get', 2_000_000, (turns) => {
    for (let turn = 0; turn < turns; turn += 1) sum += map.get(`prod:${turn % 10_000}`).id;
  });
  const awaited = await measure(
    'Map.get in an async function',
    500_000,
    sequentially(async (turn) => map.get(`prod:${turn % 10_000}`)),
  );
  for (let id = 0; id < 10_000; id += 1) await cache.getOrLoad('product', id, load, tags(id));
  const type = engine.types.get('product');
  const peek = await measure('L1 hit, as the interceptor looks it up', 1_000_000, (turns) => {
    for (let turn = 0; turn < turns; turn += 1)
      sum += engine.access.peek(type, `prod:${turn % 10_000}`, engine.access.clock.monotonic()).value.id;
  });
  const l1 = await measure(
    'L1 hit, getOrLoad',
    500_000,
    sequentially((turn) => cache.getOrLoad('product', turn % 10_000, load)),
  );
  await commands.set('bare', JSON.stringify(value));
  const bare = await measure(
    'bare GET of Redis, one at a time',
    3000,
    sequentially(() => commands.get('bare')),
  );
  const parsed = await measure(
    'bare GET and JSON.parse',
    3000,
    sequentially(async () => JSON.parse(await commands.get('bare'))),
  );
  const l2 = await measure('L2 hit, getOrLoad', 3000, async (turns) => {
    engine.memory.clear();
    for (let turn = 0; turn < turns; turn += 1) await cache.getOrLoad('product', turn, load);
  });
  let next = 1_000_000;
  const miss = await measure(
    'miss: read, lease, load, fenced fill',
    1500,
    sequentially(() => cache.getOrLoad('product', (next += 1), load, tags(next))),
  );
  const write = await measure(
    'invalidateTags, acknowledged',
    1500,
    sequentially((turn) => cache.invalidateTags([`product:${turn}`])),
  );
  const alone = new Cache(new CacheEngine({ types, maxEntries: 300_000, maxBytes: 1 << 30 }));
  const missAlone = await measure(
    'miss without Redis',
    20_000,
    sequentially(() => alone.getOrLoad('product', (next += 1), load, tags(next))),
  );
  console.log();
  console.log(`L1 hit (peek) / Map.get                ${(peek / get).toFixed(2)}`);
  console.log(`L1 hit (getOrLoad) / async Map.get     ${(l1 / awaited).toFixed(2)}`);
  console.log(`L2 hit / bare GET                      ${(l2 / bare).toFixed(2)}`);
  console.log(`L2 hit / bare GET and JSON.parse       ${(l2 / parsed).toFixed(2)}`);
  console.log(`miss / bare GET                        ${(miss / bare).toFixed(2)}`);
  console.log(`acknowledged removal / bare GET        ${(write / bare).toFixed(2)}`);
  console.log(`miss without Redis / L1 hit            ${(missAlone / l1).toFixed(2)}`);
  if (sum < 0) throw new Error('never');
} finally {
  await engine.stop();
  commands.destroy();
  subscriber.destroy();
  server.kill();
}
