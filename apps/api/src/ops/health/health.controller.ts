import { Controller, Get, Inject, Req } from '@nestjs/common';
import { Problem, type HealthProbe, type HealthReport } from '@app/common';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Callers } from '../../auth/callers.js';
import { Public } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { Readiness } from './readiness.js';

/** Every part of the system that can say how it is. */
export const PROBES = Symbol('techmart:probes');

/** Without these, no request is answered. */
const needed = new Set(['database', 'migrations']);

const healthState = z.object({ status: z.enum(['ok']) }).meta({ id: 'HealthState', examples: [{ status: 'ok' }] });
const part = z.object({
  status: z.enum(['up', 'degraded', 'down']),
  latency_ms: z.number().min(0),
  details: z.record(z.string(), z.unknown()).optional(),
});
const overallState = z
  .object({ status: z.enum(['ok', 'degraded']), parts: z.record(z.string(), part).optional().describe('For admins') })
  .meta({ id: 'OverallHealth', examples: [{ status: 'degraded' }] });

type Parts = Record<string, z.output<typeof part>>;

/** What orchestrators and load balancers ask. The public answer says the state and nothing else. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly callers: Callers,
    private readonly readiness: Readiness,
    @Inject(PROBES) private readonly probes: readonly HealthProbe[],
  ) {}

  @Get()
  @Public()
  @ApiDoc({
    summary: 'How the service is as a whole',
    description: '`degraded`: a part is away and requests are answered without it. 503: they are not. Admins see the parts.',
    answer: overallState,
  })
  async overall(@Req() request: FastifyRequest) {
    const [reports, isAdmin] = await Promise.all([this.ask(this.probes), this.isAdmin(request)]);
    const parts = isAdmin ? { parts: Object.fromEntries(reports.map(([name, report]) => [name, viewOf(report)])) } : {};
    const is = (status: HealthReport['status']) => reports.some(([, report]) => report.status === status);
    if (this.readiness.isDraining) throw notReady('draining', parts);
    if (is('down')) throw notReady('a part that every request needs is down', parts);
    return { status: is('degraded') ? ('degraded' as const) : ('ok' as const), ...parts };
  }

  @Get('live')
  @Public()
  @ApiDoc({
    summary: 'Whether the process runs',
    description: 'Restart it when this fails. It looks at nothing outside the process.',
    answer: healthState,
  })
  live() {
    return { status: 'ok' as const };
  }

  @Get('ready')
  @Public()
  @ApiDoc({
    summary: 'Whether the process takes traffic',
    description: '503 while it warms up, while it drains, while PostgreSQL is away, and until the schema is as new as the program.',
    answer: healthState,
  })
  async ready() {
    if (this.readiness.reason !== undefined) throw notReady(this.readiness.reason);
    const probes = this.probes.filter(({ name }) => needed.has(name));
    try {
      await this.health.check(probes.map((probe) => () => this.indicate(probe)));
    } catch (cause) {
      throw notReady('the database does not answer, or its schema is older than the program', {}, cause);
    }
    return { status: 'ok' as const };
  }

  private ask(probes: readonly HealthProbe[]) {
    return Promise.all(probes.map(async (probe) => [probe.name, await probe.check()] as const));
  }

  private async indicate(probe: HealthProbe): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(probe.name);
    const report = await probe.check();
    return report.status === 'up' ? indicator.up() : indicator.down();
  }

  /** What the token says is enough here: the database that would confirm its session may be what is down. */
  private async isAdmin(request: FastifyRequest): Promise<boolean> {
    const caller = await this.callers.of(request);
    return 'identity' in caller && caller.identity.role === 'admin';
  }
}

function viewOf({ status, latencyMs, details }: HealthReport): Parts[string] {
  return { status, latency_ms: Math.round(latencyMs * 10) / 10, ...(details ? { details: { ...details } } : {}) };
}

const notReady = (reason: string, extensions: { readonly parts?: Parts } = {}, cause: unknown = new Error(reason)): Problem =>
  new Problem(503, 'not-ready', 'Not ready', reason, { headers: { 'retry-after': '2' }, extensions, cause });
