// The load, in a process of its own: its work must not delay what it measures, and its processor time is told with its figures.
import { Pool } from 'undici';
import { percentile } from '../figures/statistics.mjs';
import { behaviours } from './behaviour.mjs';
import { exponential, seededRandom } from './random.mjs';
import { Tally } from './tally.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** RFC 9211: whether the cache nearest to the client answered; undefined when the answer does not tell. */
const isCacheHit = (header) => (header === undefined ? undefined : /;\s*hit\b/.test(String(header)));

/** Sends one request and waits for the end of its answer; status 0 when there was none. */
function send(pool, { method, path, headers, body }) {
  return new Promise((resolve) => {
    const answer = { status: 0, isHit: undefined };
    pool.dispatch(
      { method, path, headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, status, received) => {
          answer.status = status;
          answer.isHit = isCacheHit(received['cache-status']);
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(answer),
        onResponseError: () => resolve({ status: 0 }),
      },
    );
  });
}

class Run {
  #tally = new Tally();
  #turns = new Tally();
  #lags = [];

  constructor(job, pool) {
    this.job = job;
    this.pool = pool;
    this.act = behaviours[job.behaviour](job.world);
    this.endsAt = performance.now() + job.seconds * 1000;
  }

  get isOver() {
    return performance.now() >= this.endsAt;
  }

  contextOf(worker, workers) {
    const { seed } = this.job;
    return { random: seededRandom(seed * 1_000_003 + worker), seed, worker, workers, turn: 0 };
  }

  /** One turn: its steps one after the other; a refused one ends it. */
  async turn(context) {
    const startedAt = performance.now();
    const given = this.act(context);
    context.turn += 1;
    if (!Array.isArray(given)) return this.step(given);
    for (const step of given) if ((await this.step(step)) >= 400) return undefined;
    this.#turns.add('turn', 200, performance.now() - startedAt);
    return undefined;
  }

  async step(step) {
    const startedAt = performance.now();
    const { status, isHit } = await send(this.pool, step);
    this.#tally.add(step.route, status, performance.now() - startedAt, isHit);
    return status;
  }

  /** Open: requests arrive at even distances, however long the answers take. */
  async arrivals({ rate }) {
    const context = this.contextOf(0, 1);
    const running = new Set();
    const startsAt = performance.now();
    const total = Math.round(rate * this.job.seconds);
    for (let sent = 0; sent < total;) {
      const dueAt = startsAt + (sent * 1000) / rate;
      const lag = performance.now() - dueAt;
      if (lag >= 0) {
        this.#lags.push(lag);
        const turn = this.turn(context).finally(() => running.delete(turn));
        running.add(turn);
        sent += 1;
      } else await sleep(-lag);
    }
    await Promise.all(running);
  }

  /** Closed: so many users, each of whom waits for the answer, then thinks for a while. */
  async users({ users, thinkMs = 0 }) {
    await Promise.all(Array.from({ length: users }, (_, worker) => this.user(this.contextOf(worker, users), thinkMs)));
  }

  async user(context, thinkMs) {
    // Not all at once.
    if (thinkMs > 0) await sleep(Math.min(context.random() * thinkMs, this.endsAt - performance.now()));
    while (!this.isOver) {
      await this.turn(context);
      if (thinkMs > 0) await this.think(exponential(thinkMs, context.random));
    }
  }

  async think(ms) {
    const dueAt = performance.now() + ms;
    await sleep(Math.max(0, Math.min(ms, this.endsAt - performance.now())));
    if (dueAt < this.endsAt) this.#lags.push(performance.now() - dueAt);
  }

  summary() {
    return { ...this.#tally.summary(), turns: this.#turns.summary().all, lagP99Ms: percentile(Float64Array.from(this.#lags).sort(), 0.99) };
  }
}

const pools = new Map();

function poolOf({ url, connections }) {
  const key = `${url} ${connections}`;
  const pool = pools.get(key) ?? new Pool(url, { connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
  pools.set(key, pool);
  return pool;
}

async function run(job) {
  const run = new Run(job, poolOf(job));
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await run[job.mode.kind](job.mode);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...run.summary(), seconds, generatorBusy: (user + system) / 1_000_000 / seconds };
}

let world;

async function answer(message) {
  if (message.world) ({ world } = message);
  return message.job ? run({ ...message.job, world: { ...world, ...message.job.world } }) : {};
}

process.on('message', (message) => {
  answer(message).then(
    (result) => process.send(result),
    (error) => process.send({ error: error.stack }),
  );
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
