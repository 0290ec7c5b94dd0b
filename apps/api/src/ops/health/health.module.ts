import type { HealthProbe } from '@app/common';
import { DatabaseProbe } from '@app/database';
import { RateLimitProbe } from '@app/rate-limit';
import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedisProbe } from '../../app.clients.js';
import { HealthController, PROBES } from './health.controller.js';
import { PartWatch } from './part-watch.js';
import { Readiness } from './readiness.js';

const probes = {
  provide: PROBES,
  inject: [DatabaseProbe, RedisProbe, RateLimitProbe],
  useFactory: (...all: HealthProbe[]) => all,
};

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [Readiness, PartWatch, probes],
  exports: [Readiness, PartWatch],
})
export class HealthModule {}
