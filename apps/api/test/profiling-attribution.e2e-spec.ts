import { currentRequest, queryFinished } from '@app/common';
import { Profiler } from '@app/profiling';
import { startTestApp, type TestApp } from './app.harness.js';
import { FixtureModule } from './profiling.fixture.js';

const ids = Array.from({ length: 1000 }, (_, n) => `request-${n}`);
/** Raw before and after, one through TypeORM, one beside a transaction of two: 6, and the transaction's own two. */
const statementsOfEach = 8;

describe('1,000 requests at once over 3 connections', () => {
  let app: TestApp;
  const seen: { owner: string | undefined; text: string }[] = [];
  beforeAll(async () => {
    app = await startTestApp({
      modules: [FixtureModule],
      seeded: false,
      config: (config) => ({
        ...config,
        database: { ...config.database, poolSize: 3, acquireTimeoutMs: 300_000 },
        profiling: { ...config.profiling, sampleRate: 1, slowRequestMs: 3_600_000, requestBytes: 50_000_000, keptPerSecond: 1000 },
      }),
    });
    const stop = queryFinished.subscribe(({ text }) => seen.push({ owner: currentRequest()?.requestId, text }));
    await Promise.all(ids.map((id) => app.get(`/fixture/tagged/${id}`, { headers: { 'x-request-id': id } })));
    stop();
  }, 300_000);
  afterAll(() => app.close());

  it('attribute every statement to the request that issued it', () => {
    const tagged = seen.filter(({ text }) => /request-\d+/.test(text));
    expect(tagged).toHaveLength(6000);
    expect(tagged.filter(({ owner, text }) => owner !== /request-\d+/.exec(text)?.[0])).toEqual([]);
    // Beside them there is background work, which is nobody's.
    expect(seen.filter(({ owner }) => owner !== undefined)).toHaveLength(ids.length * statementsOfEach);
  });

  it('keep each request with its own statements, in their order, and with its waits', () => {
    const profiler = app.resolve<Profiler>(Profiler);
    const profiles = ids.map((id) => profiler.request(id));
    const wrong = profiles.filter((profile) => profile?.queries.length !== statementsOfEach || profile.queryCount !== statementsOfEach);
    expect(wrong.map((profile) => profile?.requestId)).toEqual([]);
    const kinds = new Set(
      profiles.map((profile) => profile?.queries.map(({ fingerprint }) => fingerprint.kind === 'transaction').filter(Boolean).length),
    );
    expect([...kinds]).toEqual([2]);
    expect(profiles.filter((profile) => (profile?.waitMs ?? 0) > 0).length).toBeGreaterThan(900);
  });
});
