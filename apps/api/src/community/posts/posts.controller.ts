import { ResponseCache } from '@app/cache';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { cacheTags } from '../../cache/cache-types.js';
import { Access, CurrentUser, Public, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { ConditionalGet } from '../../http/conditional-get.js';
import type { PageRequest } from '../../http/page.js';
import { idParameter } from '../../http/schema.js';
import {
  newPost,
  pageQuery,
  post,
  postChange,
  postPage,
  postsQuery,
  trendingPosts,
  trendingQuery,
  type NewPost,
  type PostChange,
  type PostsQuery,
} from './posts.dto.js';
import { PostsService } from './posts.service.js';

@ApiTags('community')
@Controller()
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  @Get('posts')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'post_list', tags: [cacheTags.posts], query: Object.keys(postsQuery.shape) })
  @ApiDoc({ summary: 'Posts, newest first', answer: postPage })
  list(@Query({ schema: postsQuery }) query: PostsQuery) {
    return this.posts.list(query);
  }

  @Get('posts/trending')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'trending_posts', tags: [cacheTags.posts], query: { limit: 10 } })
  @ApiDoc({
    summary: 'Posts that are read and discussed now',
    description:
      'By the views and comments of the last seven days (UTC, today included): a comment weighs as much as ten views, and what is two days old counts half.',
    answer: trendingPosts,
  })
  async trending(@Query({ schema: trendingQuery }) { limit }: { limit?: number }) {
    return { posts: await this.posts.trending(limit) };
  }

  @Post('posts')
  @Access()
  @ApiDoc({
    summary: 'Publish a post',
    description: 'Tags and products that are not there are named in the 400.',
    answer: post,
    status: 201,
  })
  create(@CurrentUser() user: Identity, @Body({ schema: newPost }) body: NewPost) {
    return this.posts.create(user.userId, body);
  }

  @Get('posts/:id')
  @Public()
  @ConditionalGet()
  @ApiDoc({ summary: 'A post', description: 'Reading it counts as a view.', answer: post, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.posts.get(id);
  }

  @Patch('posts/:id')
  @Access()
  @ApiDoc({
    summary: 'Edit a post',
    description: 'Its author, or an admin. `tags` and `product_ids` replace what is there.',
    answer: post,
    problems: [404],
  })
  edit(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number, @Body({ schema: postChange }) body: PostChange) {
    return this.posts.edit(user, id, body);
  }

  @Delete('posts/:id')
  @Access()
  @ApiDoc({ summary: 'Delete a post', description: 'Its author, or an admin. Its comments go with it.', problems: [404] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.posts.delete(user, id);
  }

  @Get('tags/:id/posts')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'post_list', tags: [cacheTags.posts], query: Object.keys(pageQuery.shape) })
  @ApiDoc({ summary: 'Posts with a tag, newest first', answer: postPage, problems: [404] })
  listByTag(@Param('id', { schema: idParameter }) tagId: number, @Query({ schema: pageQuery }) query: PageRequest) {
    return this.posts.listByTag(tagId, query);
  }

  @Get('users/:id/posts')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'post_list', tags: [cacheTags.posts], query: Object.keys(pageQuery.shape) })
  @ApiDoc({ summary: 'Posts of a user, newest first', answer: postPage, problems: [404] })
  listByAuthor(@Param('id', { schema: idParameter }) authorId: number, @Query({ schema: pageQuery }) query: PageRequest) {
    return this.posts.listByAuthor(authorId, query);
  }
}
