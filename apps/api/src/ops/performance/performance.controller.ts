import { ConnectionMetrics } from '@app/monitoring';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { performanceReport } from './performance.dto.js';
import { PerformanceService } from './performance.service.js';

@ApiTags('monitoring')
@Controller('monitoring/performance')
export class PerformanceController {
  constructor(
    private readonly performance: PerformanceService,
    private readonly connections: ConnectionMetrics,
  ) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'How fast it is, and how loaded', description: 'Measured by the process that answers.', answer: performanceReport })
  read() {
    return this.performance.report(this.connections);
  }
}
