import { register } from 'prom-client';
import type { RedisClients } from '../../app.clients.js';
import { RedisMetrics } from './redis.metrics.js';

const server = (keys: number, info: string) => ({ dbSize: () => Promise.resolve(keys), info: () => Promise.resolve(info) });
const away = { dbSize: () => Promise.reject(new Error('away')), info: () => Promise.reject(new Error('away')) };

describe('RedisMetrics', () => {
  async function rows(...looks: { cache?: object; state?: object }[]): Promise<string[]> {
    register.clear();
    const clients: { cache?: object; state?: object } = {};
    const metrics = new RedisMetrics(clients as RedisClients);
    for (const look of looks) {
      Object.assign(clients, look);
      await metrics.look();
    }
    return (await register.metrics()).split('\n').filter((line) => line.startsWith('redis_'));
  }

  it('has what each server tells, and no limit that is not set', async () => {
    const cache = server(12, '# Memory\r\nused_memory:1048576\r\nused_memory_rss:9\r\nmaxmemory:67108864\r\n');
    const state = server(3, '# Memory\r\nused_memory:2048\r\nmaxmemory:0\r\n');
    expect(await rows({ cache, state })).toEqual([
      'redis_keys{server="cache"} 12',
      'redis_keys{server="state"} 3',
      'redis_memory_used_bytes{server="cache"} 1048576',
      'redis_memory_used_bytes{server="state"} 2048',
      'redis_memory_max_bytes{server="cache"} 67108864',
    ]);
  });

  it('has no row for a server that is not configured, is away, or went away', async () => {
    expect(await rows({})).toEqual([]);
    expect(await rows({ cache: away, state: server(1, '') })).toEqual(['redis_keys{server="state"} 1']);
    expect(await rows({ cache: server(1, 'used_memory:5') }, { cache: away })).toEqual([]);
  });

  it('waits a second for a server that hangs, and no longer', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
    try {
      const hanging = { dbSize: () => new Promise(() => undefined), info: () => Promise.resolve('') };
      register.clear();
      const look = new RedisMetrics({ cache: hanging } as unknown as RedisClients).look();
      await jest.advanceTimersByTimeAsync(1000);
      await expect(look).resolves.toBeUndefined();
    } finally {
      jest.useRealTimers();
    }
  });
});
