import { Module } from '@nestjs/common';
import { PerformanceController } from './performance.controller.js';
import { PerformanceService } from './performance.service.js';
import { RecentTraffic } from './recent-traffic.js';

@Module({ controllers: [PerformanceController], providers: [PerformanceService, RecentTraffic], exports: [RecentTraffic] })
export class PerformanceModule {}
