import { Module } from '@nestjs/common';
import { AuditModule } from '../../audit/audit.module.js';
import { CacheOpsService } from './cache-ops.service.js';
import { CacheController } from './cache.controller.js';

@Module({ imports: [AuditModule], controllers: [CacheController], providers: [CacheOpsService] })
export class CacheOpsModule {}
