import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, Public, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { ConditionalGet } from '../../http/conditional-get.js';
import type { PageRequest } from '../../http/page.js';
import { idParameter } from '../../http/schema.js';
import { comment, commentChange, commentPage, commentsQuery, newComment, type NewComment } from './comments.dto.js';
import { CommentsService } from './comments.service.js';

@ApiTags('community')
@Controller()
export class CommentsController {
  constructor(private readonly comments: CommentsService) {}

  @Get('posts/:id/comments')
  @Public()
  @ConditionalGet()
  @ApiDoc({ summary: 'Comments of a post, oldest first', answer: commentPage, problems: [404] })
  list(@Param('id', { schema: idParameter }) postId: number, @Query({ schema: commentsQuery }) query: PageRequest) {
    return this.comments.list(postId, query);
  }

  @Post('posts/:id/comments')
  @Access()
  @ApiDoc({ summary: 'Comment on a post', answer: comment, status: 201, problems: [404] })
  create(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) postId: number,
    @Body({ schema: newComment }) { body }: NewComment,
  ) {
    return this.comments.create(user.userId, postId, body);
  }

  @Get('comments/:id')
  @Public()
  @ConditionalGet()
  @ApiDoc({ summary: 'A comment', answer: comment, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.comments.get(id);
  }

  @Patch('comments/:id')
  @Access()
  @ApiDoc({ summary: 'Edit a comment', description: 'Its author, or an admin.', answer: comment, problems: [404] })
  edit(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: commentChange }) { body }: NewComment,
  ) {
    return this.comments.edit(user, id, body);
  }

  @Delete('comments/:id')
  @Access()
  @ApiDoc({ summary: 'Delete a comment', description: 'Its author, or an admin.', problems: [404] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.comments.delete(user, id);
  }
}
