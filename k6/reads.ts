// Uncached reads at a fixed rate: `k6 run k6/reads.ts -e SCENARIO=detail`. The rate does not give way when the server is slow
// (arrival-rate executor), and a request that could not be sent in time fails the run.
import http from 'k6/http';
import { check } from 'k6';
import { search, uniform } from './lib/catalogue.ts';

const base = __ENV['BASE_URL'] ?? 'http://127.0.0.1:3000';
const products = Number(__ENV['PRODUCTS'] ?? 50_000);
const json = { headers: { 'content-type': 'application/json' } };

const scenarios: Record<string, { rate: number; p95: number; run: () => ReturnType<typeof http.get> }> = {
  detail: { rate: 200, p95: 10, run: () => http.get(`${base}/products/${uniform(products)}`, { tags: { name: 'GET /products/{id}' } }) },
  search: { rate: 20, p95: 40, run: () => http.post(`${base}/products/search`, search(false), json) },
  facets: { rate: 20, p95: 80, run: () => http.post(`${base}/products/search`, search(true), json) },
  floor: { rate: 200, p95: 10, run: () => http.get(`${base}/`) },
};

const name = __ENV['SCENARIO'] ?? 'detail';
const scenario = scenarios[name];
if (!scenario) throw new Error(`SCENARIO is one of ${Object.keys(scenarios).join(', ')}`);

export const options = {
  scenarios: {
    [name]: {
      executor: 'constant-arrival-rate',
      rate: scenario.rate,
      timeUnit: '1s',
      duration: __ENV['DURATION'] ?? '20s',
      preAllocatedVUs: 20,
      maxVUs: 100,
    },
  },
  thresholds: { http_req_duration: [`p(95)<${scenario.p95}`], dropped_iterations: ['count==0'], checks: ['rate>0.999'] },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

// 5 % of the products are inactive: a 404 for them is right.
export default function run(): void {
  check(scenario.run(), { 'answered as it should': (answer) => answer.status === 200 || (name === 'detail' && answer.status === 404) });
}
