import { Profiler } from '@app/profiling';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import {
  endpointList,
  findingList,
  findingQuery,
  limitQuery,
  profilerStatus,
  requestId,
  requestList,
  requestProfile,
  requestQuery,
  statementList,
  type FindingQuery,
  type LimitQuery,
  type RequestQuery,
} from './profiling.dto.js';
import { profileNotFound } from './profiling.problems.js';
import { endpointView, findingView, statementView, statusView } from './profiling.view.js';
import { StatementStatistics } from './statement-statistics.repository.js';
import { profileView, summaryView } from './waterfall.js';

const ofThisProcess = 'Figures of the process that answers, since it started.';

/** What the profiler knows, for admins. */
@ApiTags('profiling')
@Controller('profiling')
export class ProfilingController {
  constructor(
    private readonly profiler: Profiler,
    private readonly statistics: StatementStatistics,
  ) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'How the profiler is: its cost, its memory, its failures', description: ofThisProcess, answer: profilerStatus })
  status() {
    return statusView(this.profiler.status());
  }

  @Get('endpoints')
  @Access('admin')
  @ApiDoc({ summary: 'Time, statements and memory by endpoint', description: ofThisProcess, answer: endpointList })
  endpoints() {
    const all = this.profiler.endpoints().toSorted((a, b) => b.durations.totalMs - a.durations.totalMs);
    return { endpoints: all.map((figures) => endpointView(figures, this.profiler.baselineMs(figures.endpoint))) };
  }

  @Get('queries')
  @Access('admin')
  @ApiDoc({
    summary: 'Statements by the time they took',
    description: `${ofThisProcess} Beside them, where \`pg_stat_statements\` is there, the server's own figures, of all processes.`,
    answer: statementList,
  })
  async queries(@Query({ schema: limitQuery }) { limit = 50 }: LimitQuery) {
    const server = await this.statistics.find();
    const statements = this.profiler.queries(limit).map((fingerprint) => statementView(fingerprint, server?.get(fingerprint.id)));
    return { statements, has_server_figures: server !== undefined };
  }

  @Get('findings')
  @Access('admin')
  @ApiDoc({ summary: 'What is wrong, where, and what mends it', description: ofThisProcess, answer: findingList })
  findings(@Query({ schema: findingQuery }) { kind, endpoint }: FindingQuery) {
    const all = this.profiler.findings();
    const wanted = all.filter((one) => (kind ?? one.kind) === one.kind && (endpoint ?? one.endpoint) === one.endpoint);
    return { findings: wanted.map(findingView) };
  }

  @Get('requests')
  @Access('admin')
  @ApiDoc({
    summary: 'Requests that were kept',
    description: 'Slow and failed ones always, others as they are sampled, and those of admins.',
    answer: requestList,
  })
  requests(@Query({ schema: requestQuery }) { limit = 50, endpoint, because, min_ms: least = 0 }: RequestQuery) {
    const wanted = this.profiler
      .requests()
      .filter(
        (one) => (endpoint ?? one.endpoint) === one.endpoint && one.durationMs >= least && (!because || one.because.includes(because)),
      );
    return { requests: wanted.slice(0, limit).map(summaryView) };
  }

  @Get('requests/:request_id')
  @Access('admin')
  @ApiDoc({ summary: 'One request as a waterfall', answer: requestProfile, problems: [404] })
  request(@Param('request_id', { schema: requestId }) id: string) {
    const profile = this.profiler.request(id);
    if (!profile) throw profileNotFound(id);
    return profileView(
      profile,
      this.profiler.findings().filter(({ requestIds }) => requestIds.includes(id)),
    );
  }
}
