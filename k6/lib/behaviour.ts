import { check } from 'k6';
import { vu } from 'k6/execution';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';
import { behaviours } from '../../tools/bench/load/behaviour.mjs';
import { products, randomOf, tokens, visitor, visitors } from './clients.ts';
import { count } from './outcomes.ts';
import { zipf } from './popularity.ts';
import { settings } from './settings.ts';

/** One request, as the benchmarks make it too. */
interface Step {
  /** Method and template: what every figure of this request is filed under. */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

type Answer = RefinedResponse<ResponseType | undefined>;

type Next = (context: { random: () => number; seed: string; worker: number; turn: number }) => Step;

// Made while a virtual user is, not when its first request is due.
const next = behaviours.mixed({ products, tokens, zipf }) as unknown as Next;

let random: (() => number) | undefined;

const needsAccount = (route: string): boolean => route.endsWith('/cart') || route.endsWith('/cart/add') || route.endsWith('/orders');

/** Who only looks is as often a visitor as a customer. */
function withIdentity(step: Step, random: () => number): Step {
  if (needsAccount(step.route) || random() < 0.5) return step;
  const { authorization: _authorization, ...headers } = step.headers;
  return { ...step, headers: { ...headers, ...visitor(Math.floor(random() * visitors)) } };
}

const accepted = new Set([200, 201]);
const isRefusal = (status: number): boolean => status === 429 || status === 503;

const textOf = ({ body }: Answer): string => (typeof body === 'string' ? body : '');

/** What must be true of an answer besides its status, cheap enough to ask of each. */
const expectations = {
  'the product that was asked for': (answer: Answer, { route, path }: Step) =>
    route !== 'GET /products/{id}' || !accepted.has(answer.status) || textOf(answer).includes(`"id":${path.slice('/products/'.length)},`),
  'a refusal says when to come back': (answer: Answer) => !isRefusal(answer.status) || Number(answer.headers['Retry-After']) > 0,
  'an order has a number': (answer: Answer, { route }: Step) =>
    route !== 'POST /orders' || answer.status !== 201 || /"id":\d+/.test(textOf(answer)),
};

/** One request of the mixed load. */
export function mixedLoad(): void {
  random ??= randomOf(vu.idInTest);
  const step = withIdentity(next({ random, seed: settings.run, worker: vu.idInTest, turn: vu.iterationInInstance }), random);
  const { route, method, path, headers, body = null } = step;
  const answer = http.request(method, settings.target + path, body, { headers, tags: { name: route, route } });
  count(route, answer);
  check(answer, Object.fromEntries(Object.entries(expectations).map(([name, holds]) => [name, (given: Answer) => holds(given, step)])), {
    route,
  });
}
