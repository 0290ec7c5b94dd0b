import { systemClock } from '@app/common';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { ownAddress } from '../../http/own-requests.js';
import type { WarmUpReport } from './cache.dto.js';

/** What most visitors ask for first. The last two also tell what comes next. */
const firstPages = ['/products', '/products/popular', '/posts', '/posts/trending', '/stats'];
const popular = '/products/popular?limit=50';
const tree = '/categories';
const atOnce = 4;

interface Run {
  readonly until: number;
  loaded: number;
  cached: number;
  failed: number;
  skipped: number;
}

/**
 * Asks the application itself for what most visitors will ask for, over the same path as theirs, so that the entries are theirs: some
 * seventy answers at most. Never rejects, and ends in time: what is not loaded then is loaded when somebody asks for it.
 */
@Injectable()
export class WarmUpService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('WarmUp');
  private running: Promise<WarmUpReport> | undefined;
  private isStopping = false;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    @Inject(CONFIG) private readonly config: Pick<Config, 'cache' | 'role'>,
  ) {}

  /** Before the process is ready. Workers answer nobody. */
  async atStart(): Promise<void> {
    const { warmUpMs, isEnabled } = this.config.cache;
    if (warmUpMs === 0 || !isEnabled || this.config.role === 'worker') return;
    const report = await this.run(warmUpMs);
    this.logger.log(report, `the cache is warm: ${report.loaded} answers loaded, ${report.cached} were there`);
  }

  /** Within so many milliseconds; joins one that is under way. */
  run(limitMs: number): Promise<WarmUpReport> {
    this.running ??= this.start(limitMs).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** What it has asked for is answered while there is a database to answer from; it asks for nothing more. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async start(limitMs: number): Promise<WarmUpReport> {
    const startedAt = systemClock.monotonic();
    const run: Run = { until: startedAt + limitMs, loaded: 0, cached: 0, failed: 0, skipped: 0 };
    // A request that hangs holds nobody up: it is left to its own time limits.
    await Promise.race([this.visit(run), sleep(limitMs, undefined, { ref: false })]);
    const { loaded, cached, failed, skipped } = run;
    return { loaded, cached, failed, skipped, duration_ms: Math.round(systemClock.monotonic() - startedAt) };
  }

  private async visit(run: Run): Promise<void> {
    const limited = pLimit(atOnce);
    const ask = (path: string): Promise<unknown> => limited(() => this.ask(path, run));
    const [products, categories] = await Promise.all([ask(popular), ask(tree), ...firstPages.map(ask)]);
    const details = idsIn(products, 'products').map((id) => `/products/${id}`);
    const shelves = idsIn(categories, 'categories').map((id) => `/categories/${id}/products`);
    await Promise.all([...shelves, ...details].map(ask));
  }

  /** The answer's body; undefined when there is none of use. */
  private async ask(url: string, run: Run): Promise<unknown> {
    if (this.isStopping || systemClock.monotonic() >= run.until) {
      run.skipped += 1;
      return undefined;
    }
    try {
      const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
      const answer = await server.inject({ method: 'GET', url, remoteAddress: ownAddress });
      if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
      const isThere = String(answer.headers['cache-status'] ?? '').includes('; hit');
      run[isThere ? 'cached' : 'loaded'] += 1;
      return answer.json();
    } catch (error) {
      // A cold answer is slow, no more. The next one may do better.
      run.failed += 1;
      this.logger.debug({ err: error as Error }, 'not warmed');
      return undefined;
    }
  }
}

const mostOfAKind = 50;

function idsIn(body: unknown, name: string): number[] {
  const list = (body as Record<string, readonly { readonly id: number }[] | undefined> | undefined)?.[name];
  return (list ?? []).slice(0, mostOfAKind).map(({ id }) => id);
}
