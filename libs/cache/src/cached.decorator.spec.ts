import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { argumentsId, Cached } from './cached.decorator.js';
import { Cache } from './cache.js';
import { CacheModule } from './cache.module.js';

@Injectable()
class Users {
  runs = 0;
  readonly greeting = 'Hello';

  @Cached({ type: 'product_detail', key: (id: number) => `${id}`, tags: (id) => [`product:${id}`] })
  async product(id: number) {
    this.runs += 1;
    return { id, run: this.runs, greeting: this.greeting };
  }

  @Cached({ ttl: 300, keyPrefix: 'user' })
  async profile(id: number, fields?: { b?: number; a?: number }) {
    this.runs += 1;
    return { id, fields, run: this.runs };
  }

  @Cached({ ttl: 300, keyPrefix: 'user' })
  async permissions(id: number) {
    this.runs += 1;
    return [`own:${id}`];
  }

  @Cached({ type: 'unknown' })
  async broken() {
    return 1;
  }

  @Cached({ type: 'product_detail' })
  async fails(id: number): Promise<number> {
    this.runs += 1;
    throw new Error(`failure ${id}.${this.runs}`);
  }
}

describe('@Cached', () => {
  let module: TestingModule;
  let users: Users;
  let cache: Cache;
  beforeEach(async () => {
    const types = { product_detail: { ttl: 60, prefix: 'prod' } };
    module = await Test.createTestingModule({ imports: [CacheModule.forRoot({ types })], providers: [Users] }).compile();
    users = module.get(Users);
    cache = module.get(Cache);
  });
  afterEach(() => module.close());

  it('answers a method from the cache, with its own object and its type, key and tags', async () => {
    const first = await users.product(7);
    expect(await users.product(7)).toBe(first);
    expect([first, users.runs, await cache.keys('*')]).toEqual([{ id: 7, run: 1, greeting: 'Hello' }, 1, ['prod:7']]);
    await cache.invalidateTags(['product:7']);
    expect((await users.product(7)).run).toBe(2);
  });

  it('in short: a key of prefix, arguments and method, which a pattern ends', async () => {
    await users.profile(42, { b: 1, a: 2 });
    await users.profile(42, { a: 2, b: 1 });
    await users.permissions(42);
    await users.permissions(421);
    expect(users.runs).toBe(3);
    expect((await cache.keys('*')).sort()).toEqual(['user:421:permissions', 'user:42:permissions', 'user:42:{"a":2,"b":1}:profile']);
    await cache.invalidatePattern('user:42:*');
    await Promise.all([users.permissions(42), users.permissions(421), users.profile(42, { a: 2, b: 1 })]);
    expect(users.runs).toBe(5);
  });

  it('keeps no failure, and tells a type that is not in the table', async () => {
    await expect(users.fails(1)).rejects.toThrow('failure 1.1');
    await expect(users.fails(1)).rejects.toThrow('failure 1.2');
    await expect(users.broken()).rejects.toThrow('no cache type unknown');
  });

  it('runs the method each time of an object that nobody injected a cache into', async () => {
    const own = new Users();
    await own.product(7);
    expect((await own.product(7)).run).toBe(2);
  });

  it.each([
    [[], 'm', 'm'],
    [[], '', ''],
    [[1, 'a', undefined, null, true], '', '1:a:undefined:null:true'],
    [[''], 'm', ':m'],
    [[{ b: [{ d: 1, c: 2 }] }], '', '{"b":[{"c":2,"d":1}]}'],
  ])('writes the arguments %j of method %j as %j', (args, method, id) => {
    expect(argumentsId(args, method)).toBe(id);
  });
});
