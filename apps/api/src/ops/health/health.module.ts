import { CacheProbe } from '@app/cache';
import type { HealthProbe } from '@app/common';
import { DatabaseProbe } from '@app/database';
import { RateLimitProbe } from '@app/rate-limit';
import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedisProbe } from '../../app.clients.js';
import { AuthModule } from '../../auth/auth.module.js';
import { EventsModule } from '../../events/events.module.js';
import { HealthController, PROBES } from './health.controller.js';
import { PartWatch } from './part-watch.js';
import { EventLoopProbe, MigrationsProbe, OutboxProbe } from './probes.js';
import { Readiness } from './readiness.js';

const probes = {
  provide: PROBES,
  inject: [DatabaseProbe, MigrationsProbe, RedisProbe, CacheProbe, RateLimitProbe, OutboxProbe, EventLoopProbe],
  useFactory: (...all: HealthProbe[]) => all,
};

@Module({
  imports: [TerminusModule.forRoot({ logger: false }), AuthModule, EventsModule],
  controllers: [HealthController],
  providers: [Readiness, PartWatch, MigrationsProbe, OutboxProbe, EventLoopProbe, probes],
  exports: [Readiness, PartWatch],
})
export class HealthModule {}
