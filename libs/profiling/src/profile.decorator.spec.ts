import { SetMetadata } from '@nestjs/common';
import type { Recording } from './capture/recording.js';
import { startProfiler, tellQuery, tellRequest } from '../test/facts.js';
import { Profile, timer } from './profile.decorator.js';
import type { Profiler } from './profiler.js';

class Shop {
  readonly name = 'shop';

  @Profile()
  @SetMetadata('kept', 7)
  price(amount: number): string {
    return `${this.name} ${amount}`;
  }

  @Profile('loading')
  async load(): Promise<number> {
    await Promise.resolve();
    return 1;
  }

  @Profile()
  fail(): never {
    throw new Error('no');
  }
}

let profiler: Profiler;
beforeEach(async () => {
  profiler = await startProfiler();
});
afterEach(() => profiler.onApplicationShutdown());

/** Names of the spans of a request in which something is recorded. */
async function spansOf(work: () => unknown): Promise<string[]> {
  let result: unknown;
  const tell = (): void => {
    profiler.current();
    result = work();
  };
  tellRequest({ id: 'r', work: tell });
  await result;
  return profiler.request('r')?.spans.map(({ name }) => name) ?? [];
}

describe('@Profile()', () => {
  it('makes a method a span, and changes nothing about it', async () => {
    expect(await spansOf(() => expect(new Shop().price(3)).toBe('shop 3'))).toEqual(['Shop.price']);
    expect(Reflect.getMetadata('kept', Shop.prototype.price)).toBe(7);
    expect(Shop.prototype.price.name).toBe('price');
  });

  it('lasts until a promise is settled', async () => {
    let loaded: Promise<number> | undefined;
    let recording: Recording | undefined;
    tellRequest({
      id: 'r',
      work: () => {
        recording = profiler.current();
        loaded = new Shop().load();
      },
    });
    expect(recording?.spans).toEqual([]);
    expect(await loaded).toBe(1);
    expect(recording?.spans).toHaveLength(1);
    expect(profiler.request('r')?.spans).toMatchObject([{ name: 'loading' }]);
  });

  it('lets an error through, and has its span', async () => {
    expect(await spansOf(() => expect(() => new Shop().fail()).toThrow('no'))).toEqual(['Shop.fail']);
  });

  it('only calls the method outside requests', () => {
    expect(new Shop().price(1)).toBe('shop 1');
  });

  it('belongs on methods', () => {
    expect(() => Profile()(Shop.prototype, 'name', {})).toThrow('belongs on a method');
  });
});

describe('timer()', () => {
  it('makes a block a span', async () => {
    expect(await spansOf(() => timer('sum', () => expect(timer('inner', () => 2)).toBe(2)))).toEqual(['inner', 'sum']);
  });

  it('passes a rejection on', async () => {
    await expect(timer('none', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    let rejection: Promise<unknown> = Promise.resolve();
    const fail = (): Promise<never> => Promise.reject(new Error('still no'));
    tellRequest({
      work: () => {
        tellQuery({ text: 'SELECT 1' });
        rejection = timer('some', fail);
        rejection.catch(() => undefined);
      },
    });
    await expect(rejection).rejects.toThrow('still no');
  });

  it('is kept 200 times in a request, and counted beyond', () => {
    tellRequest({
      id: 'r',
      work: () => {
        profiler.current();
        for (let n = 0; n < 300; n += 1) timer('many', () => n);
      },
    });
    expect([profiler.request('r')?.spans.length, profiler.request('r')?.dropped]).toEqual([200, 100]);
  });
});
