import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { idParameter } from '../http/schema.js';
import { moderationQuery, review, reviewPage, type ModerationQuery } from './reviews.dto.js';
import { ReviewsService } from './reviews.service.js';

@ApiTags('reviews')
@Controller('reviews')
@Access('admin')
export class ModerationController {
  constructor(private readonly reviews: ReviewsService) {}

  @Get()
  @ApiDoc({ summary: 'Reviews to moderate', answer: reviewPage })
  list(@Query({ schema: moderationQuery }) query: ModerationQuery) {
    return this.reviews.listForModeration(query);
  }

  @Post(':id/approve')
  @ApiDoc({
    summary: 'Approve a review',
    description: 'It counts for the rating of its product from now on.',
    answer: review,
    problems: [404],
  })
  approve(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.reviews.moderate(user.userId, id, true);
  }

  @Post(':id/reject')
  @ApiDoc({ summary: 'Reject a review', description: 'Also one that was approved before.', answer: review, problems: [404] })
  reject(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.reviews.moderate(user.userId, id, false);
  }
}
