import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { EventsModule } from '../events/events.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { CheckoutRepository } from './checkout/checkout.repository.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { OrderExpiryJob } from './order-expiry.job.js';
import { OrderMovesRepository } from './order-moves.repository.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [AuditModule, EventsModule, JobsModule],
  controllers: [OrdersController],
  providers: [OrdersService, OrdersRepository, OrderMovesRepository, CheckoutService, CheckoutRepository, OrderExpiryJob],
  exports: [OrdersService],
})
export class OrdersModule {}
