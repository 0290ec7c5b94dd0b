import { cacheAccessed, connectionUntold, currentRequest, findingMade, queryFinished, runInRequest, type FindingMade } from '@app/common';
import { never, startProfiler, TestClock, tellQuery, tellRequest } from '../../test/facts.js';
import type { Profiler } from '../profiler.js';
import type { ProfilingOptions } from '../profiling.options.js';

let profiler: Profiler;
const start = async (options: Partial<ProfilingOptions> = {}): Promise<void> => {
  await profiler?.onApplicationShutdown();
  profiler = await startProfiler(options);
};
beforeEach(() => start());
afterAll(() => profiler.onApplicationShutdown());

const kept = () => profiler.requests().map(({ requestId, because }) => [requestId, ...because]);

describe('which requests are kept', () => {
  it('are the slow and the failed ones, at a sampling rate of 0', async () => {
    await start({ sampleRate: 0, slowRequestMs: 100 });
    tellRequest({ id: 'fine', durationMs: 99 });
    tellRequest({ id: 'refused', status: 404 });
    tellRequest({ id: 'slow', durationMs: 100, work: () => tellQuery({ text: 'SELECT $1', parameters: ['secret'], durationMs: 90 }) });
    tellRequest({ id: 'failed', status: 500 });
    expect(kept().toSorted()).toEqual([
      ['failed', 'failed'],
      ['slow', 'slow'],
    ]);
    const slow = profiler.request('slow');
    expect(slow).toMatchObject({ isFull: false, process: undefined, queries: [{ durationMs: 90, rowCount: 1 }] });
    expect(slow?.queries[0]).toMatchObject({ parameters: undefined, site: undefined });
  });

  it('are those that were drawn, in full', async () => {
    const chances = [0.05, 0.5, 0.09, 0.1];
    await start({ sampleRate: 0.1, random: () => chances.shift() ?? 1 });
    for (const id of ['a', 'b', 'c', 'd']) tellRequest({ id, work: () => tellQuery({ text: 'SELECT 1' }) });
    expect(kept().toSorted()).toEqual([
      ['a', 'sampled'],
      ['c', 'sampled'],
    ]);
    expect(profiler.request('a')?.process).toEqual({
      cpuMs: expect.any(Number),
      heapGrowthBytes: expect.any(Number),
      gcMs: expect.any(Number),
      loopDelayMs: expect.any(Number),
    });
  });

  it('have no process figures when they did nothing but read the memory of the process', async () => {
    const hit = () => cacheAccessed.publish({ type: 'thing', key: 'thing:1', layer: 'L1', result: 'hit', durationMs: 0, loadMs: 0 });
    tellRequest({ id: 'hit', work: hit });
    tellRequest({
      id: 'both',
      work: () => {
        hit();
        tellQuery({ text: 'SELECT 1' });
      },
    });
    const reads = [{ name: 'thing', result: 'hit of L1' }];
    expect(profiler.request('hit')).toMatchObject({ isFull: true, process: undefined, reads, queryCount: 0 });
    expect(profiler.request('both')).toMatchObject({ isFull: true, process: { cpuMs: expect.any(Number) }, reads, queryCount: 1 });
  });

  it('are a few of those that were drawn in a second, and all that there is something to say of', async () => {
    await start({ keptPerSecond: 2, repeatedQueries: 5 });
    const query = () => tellQuery({ text: 'SELECT $1', parameters: [Math.random()] });
    for (const id of ['a', 'b', 'c']) tellRequest({ id, work: query });
    tellRequest({ id: 'failed', status: 500, work: query });
    tellRequest({ id: 'n+1', work: () => [1, 2, 3, 4, 5].forEach(query) });
    expect(kept().toSorted()).toEqual([
      ['a', 'sampled'],
      ['b', 'sampled'],
      ['failed', 'sampled', 'failed'],
      ['n+1', 'sampled'],
    ]);
    expect(profiler.endpoints()).toMatchObject([{ durations: { count: 5 }, captured: 2 }]);
    expect(profiler.findings()).toMatchObject([{ kind: 'n-plus-one' }]);
  });

  it('are, of those that only hit the memory of the process, a few in a second, which take no room from the others', async () => {
    await start({ keptPerSecond: 8 });
    const hit = () => cacheAccessed.publish({ type: 'thing', key: 'thing:1', layer: 'L1', result: 'hit', durationMs: 0, loadMs: 0 });
    const query = () => tellQuery({ text: 'SELECT $1', parameters: ['a'] });
    for (const id of ['hit 1', 'hit 2', 'hit 3']) tellRequest({ id, work: hit });
    tellRequest({ id: 'query', work: query });
    tellRequest({ id: 'both', work: () => [hit, query, query].forEach((work) => work()) });
    expect(kept().map(([id]) => id)).toEqual(expect.arrayContaining(['hit 1', 'hit 2', 'query', 'both']));
    expect(kept()).toHaveLength(4);
    // It was drawn, so it is captured in full all the same, but for the hit.
    expect(profiler.request('both')).toMatchObject({ isFull: true, reads: [], queryCount: 2 });
    expect(profiler.findings()).toMatchObject([{ kind: 'duplicate-query' }]);
    expect(profiler.endpoints()).toMatchObject([{ durations: { count: 5 } }]);
  });

  it('are drawn once, whatever they do first, and keep hits of that memory only in full', async () => {
    const chances = [0.5, 0.05];
    await start({ sampleRate: 0.1, slowRequestMs: 100, random: () => chances.shift() ?? 1 });
    const work = (): void => {
      cacheAccessed.publish({ type: 'thing', key: 'thing:1', layer: 'L1', result: 'hit', durationMs: 0, loadMs: 0 });
      tellQuery({ text: 'SELECT 1' });
    };
    tellRequest({ id: 'light', durationMs: 100, work });
    tellRequest({ id: 'full', work });
    expect(profiler.request('light')).toMatchObject({ because: ['slow'], isFull: false, reads: [], queryCount: 1 });
    expect(profiler.request('full')).toMatchObject({ because: ['sampled'], isFull: true, reads: [{ result: 'hit of L1' }], queryCount: 1 });
  });

  it('are those that the application wants', async () => {
    await start({ sampleRate: 0.5, random: never });
    tellRequest({ id: 'mine', work: (context) => expect(profiler.keep(context)).toBe(true) });
    tellRequest({ id: 'other' });
    expect(kept()).toEqual([['mine', 'wanted']]);
  });

  it('are none while the profiler is off', async () => {
    await start({ isEnabled: false });
    tellRequest({ status: 500, work: (context) => expect(profiler.keep(context)).toBe(false) });
    expect([kept(), profiler.endpoints(), profiler.queries(10), profiler.status().isRunning]).toEqual([[], [], [], false]);
  });

  it('do not grow by what a request leaves running', () => {
    const context = tellRequest({ id: 'r', work: () => tellQuery({ text: 'SELECT 1' }) });
    runInRequest(context, () => tellQuery({ text: 'SELECT 2' }));
    expect(profiler.request('r')?.queries).toHaveLength(1);
    expect(context.recording).not.toHaveProperty('queries');
  });

  it('hold 500 statements at most each, and count the rest', () => {
    tellRequest({ id: 'r', work: () => Array.from({ length: 700 }, () => tellQuery({ text: 'SELECT 1', readBytes: 10 })) });
    expect(profiler.request('r')).toMatchObject({ dropped: 200, rowCount: 700, readBytes: 7000 });
    expect(profiler.request('r')?.queries).toHaveLength(500);
  });
});

describe('reads that many requests repeat', () => {
  it('are counted in the requests that are kept', async () => {
    const clock = new TestClock();
    await start({ clock, keptPerSecond: 2, uncachedRequests: 20 });
    const work = (): void => tellQuery({ text: 'SELECT a FROM t WHERE id = $1', parameters: [1], rows: [{ a: 1 }] });
    for (let second = 1; second <= 10; second += 1) {
      for (let n = 0; n < 4; n += 1) tellRequest({ endedAt: 1000 * second + 5, work });
      clock.advance(1000);
    }
    expect(profiler.findings()).toMatchObject([{ kind: 'uncached', figures: { requests: 20 }, occurrences: 1 }]);
    expect(profiler.queries(1)[0]?.calls).toBe(40);
  });
});

describe('limits', () => {
  it('hold for requests, findings, statements and watched reads together, whatever comes', async () => {
    await start({ requestBytes: 100_000, findingBytes: 20_000, statementBytes: 100_000, watchBytes: 20_000 });
    for (let n = 0; n < 1000; n += 1) {
      const work = (): void => {
        for (let m = 0; m < 6; m += 1) tellQuery({ text: `SELECT column_${n} FROM t WHERE id = $1`, parameters: [`${n} ${m}`] });
      };
      tellRequest({ endpoint: `GET /things/${n % 50}`, status: n % 2 === 0 ? 500 : 200, work });
    }
    profiler.requests();
    const { memory } = profiler.status();
    for (const { bytes, limitBytes } of Object.values(memory)) expect([bytes > 0, bytes <= limitBytes]).toEqual([true, true]);
    expect(Object.values(memory).map(({ limitBytes }) => limitBytes)).toEqual([100_000, 20_000, 100_000, 20_000]);
    expect([memory.requests.evicted, memory.findings.evicted, memory.statements.evicted].every((evicted) => (evicted ?? 0) > 0)).toBe(true);
  });

  it('leave slow and failed requests their room when sampled ones flood it', async () => {
    await start({ requestBytes: 100_000 });
    tellRequest({ id: 'failed', status: 500 });
    for (let n = 0; n < 1000; n += 1) tellRequest({ id: `s${n}`, work: () => tellQuery({ text: 'SELECT 1' }) });
    expect(profiler.request('s0')).toBeUndefined();
    expect(profiler.request('failed')?.statusCode).toBe(500);
  });
});

describe('figures by endpoint', () => {
  it('count every request, drawn or not', async () => {
    await start({ sampleRate: 0.5, random: never });
    const work = (): void => [1, 2, 3].forEach(() => tellQuery({ text: 'SELECT 1', durationMs: 0.5 }));
    for (let n = 1; n <= 100; n += 1) tellRequest({ durationMs: n, status: n === 1 ? 503 : 200, work });
    const [figures] = profiler.endpoints();
    expect(figures).toMatchObject({ endpoint: 'GET /things', failed: 1, queryCount: 300, queryMs: 150, mostQueries: 3, captured: 0 });
    expect([figures?.durations.count, Math.round(figures?.durations.percentile(0.5) ?? 0)]).toEqual([100, 50]);
  });
});

describe('what is published', () => {
  it('is every occurrence of a finding', () => {
    const seen: FindingMade[] = [];
    const stop = findingMade.subscribe((finding) => seen.push(finding));
    for (let n = 0; n < 2; n += 1) {
      tellRequest({
        work: () => Array.from({ length: 5 }, (_, id) => tellQuery({ text: 'SELECT a FROM t WHERE id = $1', parameters: [id] })),
      });
    }
    profiler.findings();
    stop();
    expect(seen).toEqual([
      { kind: 'n-plus-one', endpoint: 'GET /things' },
      { kind: 'n-plus-one', endpoint: 'GET /things' },
    ]);
  });
});

describe('the alarm for statements that were not seen', () => {
  const use = { waitMs: 0, unseenBytes: 100, error: undefined };
  const alarms = (change: Partial<typeof use>) => {
    tellRequest({ id: 'r', work: () => connectionUntold.publish({ ...use, ...change }) });
    return profiler.findings().map(({ kind, endpoint, requestIds }) => [kind, endpoint, ...requestIds]);
  };

  it('goes off when the database answered and no statement was told', () => {
    expect(alarms({})).toEqual([['unseen-query', 'GET /things', 'r']]);
  });

  it('goes off at a sampling rate of 0 as well', async () => {
    await start({ sampleRate: 0 });
    expect(alarms({})).toHaveLength(1);
  });

  it('does not when no connection was free in time, which the request waited for', () => {
    const error = new Error('none was free');
    tellRequest({ id: 'r', status: 503, work: () => connectionUntold.publish({ waitMs: 1000, unseenBytes: 0, error }) });
    expect(profiler.findings()).toEqual([]);
    expect(profiler.request('r')).toMatchObject({ waitMs: 1000, queryCount: 0, because: ['sampled', 'failed'] });
  });

  it('does not when a connection was taken and not used', () => {
    expect(alarms({ unseenBytes: 0 })).toEqual([]);
  });
});

describe('statements outside requests', () => {
  it('are counted as background, and the slow ones found', () => {
    expect(currentRequest()).toBeUndefined();
    tellQuery({ text: 'SELECT slow', durationMs: 1000 });
    expect(profiler.queries(1)[0]?.endpoints.get('background')).toBe(1);
    expect(profiler.findings().map(({ kind, endpoint }) => [kind, endpoint])).toEqual([['slow-query', 'background']]);
  });
});

describe('its own cost', () => {
  it('is estimated while it works', () => {
    for (let n = 0; n < 200; n += 1) tellRequest({ work: () => tellQuery({ text: 'SELECT 1' }) });
    expect(profiler.status()).toMatchObject({ requests: 200, ownMs: expect.any(Number) });
    expect(profiler.status().ownMs).toBeGreaterThan(0);
  });
});

describe('its end', () => {
  it('leaves no listener behind', async () => {
    await profiler.onApplicationShutdown();
    expect([queryFinished.hasListeners, connectionUntold.hasListeners]).toEqual([false, false]);
  });

  it('is no end of the application when the clock jumps', async () => {
    const clock = new TestClock();
    await start({ clock });
    clock.advance(-1e9);
    tellRequest({ id: 'r' });
    clock.advance(2e9);
    tellRequest({ id: 's', status: 500 });
    expect(profiler.request('s')?.statusCode).toBe(500);
  });
});
