import { setImmediate } from 'node:timers/promises';
import { Captures } from '@app/profiling';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { FixtureModule } from './profiling.fixture.js';

let app: TestApp;
let admin: string;
beforeAll(async () => {
  app = await startTestApp({ modules: [FixtureModule] });
  admin = await app.token('admin');
});
afterAll(() => app.close());

/** Work that goes on until told to stop. */
async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const busy = (async () => {
    while (!ended.signal.aborted) {
      await app.get('/fixture/hot?ms=50');
      // Injected requests need no turn of the event loop, which timers wait for.
      await setImmediate();
    }
  })();
  const result = await work().finally(() => ended.abort());
  await busy;
  return result;
}

const capture = (path: string, headers: Record<string, string> = {}) => app.post(`/profiling/${path}`, undefined, { as: admin, headers });

// Of the second the first may have become a part, when V8 optimised it.
const working = new Set(['findPrimesTheSlowWay', 'hot']);

describe('POST /profiling/cpu', () => {
  it('gives a .cpuprofile that names the function which was at work', async () => {
    const answer = await whileBusy(() => capture('cpu?seconds=1'));
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="techmart-[\dTZ-]+\.cpuprofile"$/);
    const { nodes, samples, timeDeltas, startTime, endTime } = answer.body;
    const byId = new Map((nodes as Json[]).map((node) => [node['id'], node['callFrame']['functionName']]));
    const hits = (samples as number[]).filter((id) => working.has(byId.get(id) as string)).length;
    expect(hits / samples.length).toBeGreaterThan(0.2);
    expect([timeDeltas.length, endTime - startTime > 900_000]).toEqual([samples.length, true]);
  });

  it.each([
    ['cpu?seconds=1&format=html', {}],
    ['cpu?seconds=1', { accept: 'text/html,application/xhtml+xml' }],
  ])('gives a page with a flame graph: %s', async (path, headers) => {
    const answer = await whileBusy(() => capture(path, headers));
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.text).toMatch(
      /<svg class="frame own"[^>]*aria-label="(?:findPrimesTheSlowWay|hot) apps\/api\/test\/profiling\.fixture\.ts:\d+:/,
    );
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; frame-/,
    );
    expect(answer.text).not.toMatch(/https?:\/\//);
  });

  it('runs one at a time', async () => {
    const [first, second] = await Promise.all([capture('cpu?seconds=1'), capture('cpu?seconds=1')]);
    const refused = [first, second].find(({ status }) => status !== 200);
    expect([first.status, second.status].toSorted()).toEqual([200, 409]);
    expect(refused).toMatchObject({ headers: { 'retry-after': '30' }, body: { type: 'https://techmart.dev/problems/capture-running' } });
    expect((await capture('cpu?seconds=1')).status).toBe(200);
  });

  it('ends at once when the application is told to stop, with what it has seen', async () => {
    const captures = app.resolve<Captures>(Captures);
    const running = captures.cpu(3_600_000);
    captures.beforeApplicationShutdown();
    expect((await running).nodes.length).toBeGreaterThan(0);
  });

  it('ends at once when nobody waits any more', async () => {
    const gone = new AbortController();
    const running = app.resolve<Captures>(Captures).cpu(3_600_000, gone.signal);
    gone.abort();
    expect((await running).nodes.length).toBeGreaterThan(0);
  });

  it.each([
    'cpu',
    'cpu?seconds=0',
    'cpu?seconds=31',
    'cpu?seconds=1.5',
    'cpu?seconds=1&format=svg',
    'heap',
    'heap?seconds=1&objects=maybe',
  ])('is refused with 400: %s', async (path) => {
    expect((await capture(path)).status).toBe(400);
  });
});

describe('POST /profiling/heap', () => {
  it('gives the sizes of the heap and who allocates', async () => {
    const { status, body } = await whileBusy(() => capture('heap?seconds=1'));
    expect([status, body['objects']]).toEqual([200, null]);
    expect(body['used_bytes']).toBeLessThan(body['limit_bytes']);
    expect((body['spaces'] as Json[]).map(({ name }) => name)).toContain('old_space');
    const bytes = (body['allocations'] as Json[]).map((allocation) => allocation['bytes'] as number);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes).toEqual(bytes.toSorted((a, b) => b - a));
  });

  it('counts objects by constructor, when it is asked to', async () => {
    class FindMeInTheHeap {
      readonly filling = Array.from({ length: 1000 }, () => 1.5);
    }
    const held = Array.from({ length: 20_000 }, () => new FindMeInTheHeap());
    const { objects } = (await capture('heap?seconds=1&objects=true')).body;
    expect((objects as Json[]).find((one) => one['constructor_name'] === 'FindMeInTheHeap')).toMatchObject({
      type: 'object',
      count: held.length,
    });
    // A text is data: it is counted, and not shown.
    expect((objects as Json[]).filter(({ type, constructor_name: name }) => type === 'string' && name !== null)).toEqual([]);
  }, 120_000);
});
