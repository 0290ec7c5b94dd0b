import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CommentsController } from './comments/comments.controller.js';
import { CommentsRepository } from './comments/comments.repository.js';
import { CommentsService } from './comments/comments.service.js';
import { PostViews } from './posts/post-views.js';
import { PostsController } from './posts/posts.controller.js';
import { PostsRepository } from './posts/posts.repository.js';
import { PostsService } from './posts/posts.service.js';
import { TagsController } from './tags/tags.controller.js';
import { TagsRepository } from './tags/tags.repository.js';
import { TagsService } from './tags/tags.service.js';

@Module({
  imports: [AuditModule],
  controllers: [PostsController, CommentsController, TagsController],
  providers: [PostsService, PostsRepository, PostViews, CommentsService, CommentsRepository, TagsService, TagsRepository],
})
export class CommunityModule {}
