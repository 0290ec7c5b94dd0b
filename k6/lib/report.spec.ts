import { pageOf } from './page.ts';
import { reportOf, textOf, type SummaryData } from './report.ts';

const facts = { run: 'smoke <1>', target: 'http://127.0.0.1:3000', notes: ['a note'] };

const trend = { count: 8, avg: 2, med: 1.5, 'p(95)': 6, 'p(99)': 8, max: 9 };

const data = (isErrorRateMet: boolean): SummaryData => ({
  state: { testRunDurationMs: 4000 },
  metrics: {
    http_reqs: { values: { count: 12, rate: 3 } },
    errors: { values: { rate: 1 / 12, passes: 1, fails: 11 }, thresholds: { 'rate<0.0001': { ok: isErrorRateMet } } },
    limited: { values: { rate: 2 / 12, passes: 2, fails: 10 }, thresholds: { 'rate<0.5': { ok: true } } },
    shed: { values: { rate: 1 / 12, passes: 1, fails: 11 } },
    conflicts: { values: { count: 3, rate: 0.75 } },
    vus_max: { values: { max: 7 } },
    accepted_duration: { values: trend, thresholds: { 'p(95)<50': { ok: true }, 'avg<20': { ok: true } } },
    'http_reqs{route:GET /products/{id}}': { values: { count: 9 }, thresholds: { 'count>=0': { ok: true } } },
    'errors{route:GET /products/{id}}': { values: { rate: 1 / 9, passes: 1 } },
    'accepted_duration{route:GET /products/{id}}': { values: trend },
    'http_reqs{route:GET /cart}': { values: { count: 0 }, thresholds: { 'count>=0': { ok: true } } },
    'accepted_duration{route:GET /cart}': { values: { count: 0, avg: 0, med: 0 } },
  },
});

describe('the report of a load', () => {
  it('counts refusals and conflicts apart from errors', () => {
    expect(reportOf(data(false), facts)).toMatchObject({
      seconds: 4,
      requests: 12,
      requestsPerSecond: 3,
      errors: 1,
      limited: 2,
      shed: 1,
      conflicts: 3,
      dropped: 0,
      mostUsers: 7,
      cacheHitRatio: undefined,
      isPassed: false,
    });
  });

  it('tells each threshold with the figure that it is about', () => {
    expect(reportOf(data(true), facts).goals).toEqual([
      { metric: 'accepted_duration', rule: 'p(95)<50', value: 6, isMet: true },
      { metric: 'accepted_duration', rule: 'avg<20', value: 2, isMet: true },
      { metric: 'errors', rule: 'rate<0.0001', value: 1 / 12, isMet: true },
      { metric: 'limited', rule: 'rate<0.5', value: 2 / 12, isMet: true },
    ]);
  });

  it('has a row for each route, without times where nothing was accepted', () => {
    const { routes } = reportOf(data(true), facts);
    expect(routes).toEqual([
      { route: 'GET /products/{id}', requests: 9, accepted: 8, errors: 1, meanMs: 2, p50Ms: 1.5, p95Ms: 6, p99Ms: 8, maxMs: 9 },
      { route: 'GET /cart', requests: 0, accepted: 0, errors: 0 },
    ]);
  });

  it('names in the terminal what was missed, and how far', () => {
    expect(textOf(reportOf(data(false), facts))).toContain('MISSED  errors: rate<0.0001 (0.0833)');
    expect(textOf(reportOf(data(true), facts))).toContain('all 4 thresholds are met');
  });
});

describe('the page of a load', () => {
  const page = pageOf(reportOf(data(false), facts));

  it('asks for nothing: no script, no address but that of the target', () => {
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
    expect(page.match(/https?:[^\s<]*/g)).toEqual(['http://127.0.0.1:3000,']);
  });

  it('escapes what comes from outside', () => {
    expect(page).toContain('<h1>smoke &lt;1&gt;</h1>');
    expect(page).toContain('<td>rate&lt;0.0001</td>');
  });

  it('says in its title whether the run passed', () => {
    expect(page).toContain('<title>smoke &lt;1&gt;: 1 of 4 thresholds are missed</title>');
  });
});
