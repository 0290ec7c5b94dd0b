import { systemClock, type HeaderSink, type Problem } from '@app/common';
import { Inject, Injectable, type ExecutionContext, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ClientAddresses } from './client-address.js';
import { Admission } from './concurrency/admission.js';
import { GradientLimit } from './concurrency/gradient-limit.js';
import { endLease } from './concurrency/lease.js';
import { FleetLevel } from './load/fleet-level.js';
import { loadLevels } from './load/load-level.js';
import { LoadMonitor } from './load/load-monitor.js';
import { ProcessLoad } from './load/process-load.js';
import { PolicyTable } from './policies/policy-table.js';
import { RATE_LIMIT_OPTIONS, type LimitedRequest, type RateLimitOptions } from './rate-limit.options.js';
import { RateLimiter } from './rate-limiter.js';
import { LimitStores } from './stores/limit-stores.js';

/** The limiter of one application: its parts, its beginning and its end. */
@Injectable()
export class RateLimitService implements OnModuleInit, OnApplicationShutdown {
  private readonly load: LoadMonitor;
  private readonly admission: Admission;
  private readonly limiter: RateLimiter;

  constructor(
    @Inject(RATE_LIMIT_OPTIONS) options: RateLimitOptions,
    private readonly stores: LimitStores,
    private readonly table: PolicyTable,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    const { clock = systemClock, concurrency = { initial: 256, min: 64, max: 1024 }, queueLimit = 256 } = options;
    this.load = createLoad(options);
    this.admission = new Admission(new GradientLimit({ clock, ...concurrency }), queueLimit);
    const addresses = new ClientAddresses({ allow: options.allow ?? [], deny: options.deny ?? [] });
    this.limiter = new RateLimiter({ options, store: stores.store, load: this.load, admission: this.admission, addresses });
  }

  onModuleInit(): void {
    if (this.limiter.isOff) return;
    void this.stores.shared?.start();
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('onSend', (_request, reply, payload, done) => {
      endLease(reply, payload);
      done(null, payload);
    });
    this.load.start();
  }

  onApplicationShutdown(): void {
    this.load.stop();
    this.stores.shared?.close();
  }

  /** For a guard: true at once or later, or throws the `Problem` that refuses the request. */
  admit(request: FastifyRequest, reply: FastifyReply, context: ExecutionContext): true | Promise<true> {
    return this.limiter.admit(request, reply, this.table.of(context.getClass(), context.getHandler()));
  }

  /**
   * For what no guard has seen: paths that nobody serves, bodies that could not be read, pages served beside the routes. Counts
   * against the route's policy or, without one, against `unmatched`. True when a guard has seen it.
   */
  admitUnguarded(request: FastifyRequest, reply: FastifyReply): true | Promise<true> {
    if (this.limiter.isOff || this.limiter.isDecided(request)) return true;
    return this.limiter.admit(request, reply, this.table.ofRequest(request));
  }

  /** For a request whose answer is at hand, before any guard: the quota of its route counts, the capacity of the process does not. */
  admitReady(request: LimitedRequest, head: HeaderSink): true | Promise<true> {
    return this.limiter.isOff ? true : this.limiter.admitReady(request, head, this.table.ofRequest(request));
  }

  /** Before any work: why the process has no room for a request of this kind. Its headers are set and it is counted; undefined when there is room. */
  overCapacity(request: FastifyRequest, reply: FastifyReply): Problem | undefined {
    return this.limiter.isOff ? undefined : this.limiter.overCapacity(request, reply, this.table.ofRequest(request));
  }

  /** Figures since the start, for operators and metrics; read, not computed per request. */
  stats() {
    return {
      loadLevel: loadLevels[this.load.level] ?? 'low',
      load: this.load.figures,
      concurrency: this.admission.stats(),
      memory: this.stores.local.stats(),
      shared: this.stores.shared?.stats(),
      policies: Object.fromEntries(this.table.all.map(({ name, counts }) => [name, { ...counts }])),
    };
  }
}

function createLoad({ clock = systemClock, redis, loadSource, loadLevel, loadSampleMs = 500, loadHoldMs = 3000 }: RateLimitOptions) {
  if (loadSampleMs < 500) throw new RangeError('loadSampleMs is 500 or more: sampling costs CPU too');
  return new LoadMonitor({
    clock,
    source: loadSource ?? new ProcessLoad(),
    fleet: redis && new FleetLevel(redis, loadSampleMs * 6),
    sampleMs: loadSampleMs,
    holdMs: loadHoldMs,
    pinned: loadLevel,
  });
}
