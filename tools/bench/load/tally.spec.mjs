import { Tally } from './tally.mjs';

describe('a tally', () => {
  it('keeps routes apart and sums them up', () => {
    const tally = new Tally();
    for (const latency of [5, 1, 3]) tally.add('GET /a', 200, latency);
    tally.add('POST /b', 201, 100);
    const { all, routes } = tally.summary();
    expect(routes['GET /a']).toMatchObject({ requests: 3, accepted: 3, errors: 0, meanMs: 3, p50Ms: 3, p95Ms: 5, maxMs: 5 });
    expect(routes['POST /b']).toMatchObject({ requests: 1, p50Ms: 100, statuses: { 201: 1 } });
    expect(all).toMatchObject({ requests: 4, accepted: 4, p50Ms: 3, maxMs: 100, statuses: { 200: 3, 201: 1 } });
  });

  it('counts what was refused on purpose apart from errors, and times neither', () => {
    const tally = new Tally();
    tally.add('GET /a', 200, 10);
    for (const status of [429, 429, 503, 409, 404, 500, 0]) tally.add('GET /a', status, 1000);
    expect(tally.summary().all).toMatchObject({ requests: 8, accepted: 1, limited: 2, shed: 1, conflicts: 1, errors: 3, maxMs: 10 });
  });

  it('knows the share of cache hits among the answers that tell', () => {
    const tally = new Tally();
    for (const isHit of [true, true, false]) tally.add('GET /a', 200, 1, isHit);
    tally.add('GET /b', 200, 1, true);
    tally.add('POST /c', 200, 1);
    const { all, routes } = tally.summary();
    expect([all.hitRatio, routes['GET /a'].hitRatio, routes['POST /c'].hitRatio]).toEqual([0.75, 2 / 3, NaN]);
  });

  it('of nothing has no times', () => {
    expect(new Tally().summary().all).toMatchObject({ requests: 0, errors: 0, p95Ms: NaN });
  });
});
