import { Controller, Get, Inject } from '@nestjs/common';
import { Problem, type HealthProbe, type HealthReport } from '@app/common';
import { DatabaseProbe } from '@app/database';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { z } from 'zod';
import { Public } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { Readiness } from './readiness.js';

/** Every part of the system that can say how it is. */
export const PROBES = Symbol('techmart:probes');

const healthState = z.object({ status: z.enum(['ok']) }).meta({ id: 'HealthState', examples: [{ status: 'ok' }] });
const overallState = z.object({ status: z.enum(['ok', 'degraded']) }).meta({ id: 'OverallHealth', examples: [{ status: 'degraded' }] });

/** What orchestrators and load balancers ask. The public answer says the state and nothing else. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DatabaseProbe,
    private readonly readiness: Readiness,
    @Inject(PROBES) private readonly probes: readonly HealthProbe[],
  ) {}

  @Get()
  @Public()
  @ApiDoc({
    summary: 'How the service is as a whole',
    description: '`degraded`: a part is away and requests are answered without it. 503: they are not.',
    answer: overallState,
  })
  async overall() {
    const reports = await Promise.all(this.probes.map((probe) => probe.check()));
    const is = (status: HealthReport['status']) => reports.some((report) => report.status === status);
    if (is('down')) throw notReady('a part that every request needs is down');
    return { status: is('degraded') ? ('degraded' as const) : ('ok' as const) };
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
    description: '503 while it warms up, while it drains, and while PostgreSQL is away.',
    answer: healthState,
  })
  async ready() {
    if (this.readiness.reason !== undefined) throw notReady(this.readiness.reason);
    try {
      await this.health.check([() => this.checkDatabase()]);
    } catch (cause) {
      throw notReady('the database does not answer', cause);
    }
    return { status: 'ok' as const };
  }

  private async checkDatabase(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    const report = await this.database.check();
    return report.status === 'up' ? indicator.up() : indicator.down();
  }
}

const notReady = (reason: string, cause?: unknown): Problem =>
  new Problem(503, 'not-ready', 'Not ready', reason, { headers: { 'retry-after': '2' }, cause: cause ?? new Error(reason) });
