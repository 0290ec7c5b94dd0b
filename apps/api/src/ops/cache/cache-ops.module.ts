import { Module } from '@nestjs/common';
import { AuditModule } from '../../audit/audit.module.js';
import { CacheOpsService } from './cache-ops.service.js';
import { CacheController } from './cache.controller.js';
import { WarmUpService } from './warm-up.service.js';

@Module({ imports: [AuditModule], controllers: [CacheController], providers: [CacheOpsService, WarmUpService] })
export class CacheOpsModule {}
