import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { EventsModule } from '../events/events.module.js';
import { ModerationController } from './moderation.controller.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsRepository } from './reviews.repository.js';
import { ReviewsService } from './reviews.service.js';

@Module({
  imports: [AuditModule, EventsModule],
  controllers: [ReviewsController, ModerationController],
  providers: [ReviewsService, ReviewsRepository],
})
export class ReviewsModule {}
