import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { BusinessController } from './business.controller.js';
import { BusinessFiguresJob } from './business-figures.job.js';
import { BusinessMetrics } from './business.metrics.js';
import { BusinessRepository } from './business.repository.js';
import { BusinessService } from './business.service.js';

@Module({
  imports: [JobsModule],
  controllers: [BusinessController],
  providers: [BusinessService, BusinessRepository, BusinessFiguresJob, BusinessMetrics],
  exports: [BusinessService, BusinessMetrics],
})
export class BusinessModule {}
