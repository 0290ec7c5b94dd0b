import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { RetentionJob } from './retention.job.js';
import { RetentionRepository } from './retention.repository.js';

@Module({ imports: [JobsModule], providers: [RetentionJob, RetentionRepository] })
export class RetentionModule {}
