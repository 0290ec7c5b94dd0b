import { ResponseCache } from '@app/cache';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { cacheTags } from '../cache/cache-types.js';
import { Access, CurrentUser, Public, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import type { PageRequest } from '../http/page.js';
import { idParameter } from '../http/schema.js';
import { newReview, review, reviewChange, reviewPage, reviewsQuery, type NewReview, type ReviewChange } from './reviews.dto.js';
import { ReviewsService } from './reviews.service.js';

@ApiTags('reviews')
@Controller()
export class ReviewsController {
  constructor(private readonly reviews: ReviewsService) {}

  @Get('products/:id/reviews')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'product_reviews', tags: [cacheTags.reviews('{id}')], query: Object.keys(reviewsQuery.shape) })
  @ApiDoc({
    summary: 'Reviews of a product',
    description: 'Approved ones, newest first; the same for every reader. What you wrote yourself is in `GET /reviews/mine`.',
    answer: reviewPage,
    problems: [404],
  })
  listOfProduct(@Param('id', { schema: idParameter }) productId: number, @Query({ schema: reviewsQuery }) query: PageRequest) {
    return this.reviews.listOfProduct(productId, query);
  }

  @Post('products/:id/reviews')
  @Access()
  @ApiDoc({
    summary: 'Review a product',
    description:
      'One for each user and product; a second one gets 409 with the `review_id` of the first. It is public once a moderator approves it.',
    answer: review,
    status: 201,
    problems: [404, 409],
  })
  create(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) productId: number,
    @Body({ schema: newReview }) body: NewReview,
  ) {
    return this.reviews.create(user.userId, productId, body);
  }

  @Get('reviews/mine')
  @Access()
  @ApiDoc({
    summary: 'The own reviews',
    description: 'All of them, also those that wait or were rejected, newest first.',
    answer: reviewPage,
  })
  listOwn(@CurrentUser() user: Identity, @Query({ schema: reviewsQuery }) query: PageRequest) {
    return this.reviews.listOwn(user.userId, query);
  }

  @Patch('reviews/:id')
  @Access()
  @ApiDoc({
    summary: 'Edit the own review',
    description: 'A change takes it off the product until a moderator approves it again; an edit that changes nothing does not.',
    answer: review,
    problems: [404],
  })
  edit(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: reviewChange }) body: ReviewChange,
  ) {
    return this.reviews.edit(user.userId, id, body);
  }

  @Delete('reviews/:id')
  @Access()
  @ApiDoc({ summary: 'Delete a review', description: 'Its author, or an admin.', problems: [404] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.reviews.delete(user, id);
  }
}
