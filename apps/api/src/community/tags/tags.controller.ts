import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, Public, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { ConditionalGet } from '../../http/conditional-get.js';
import { idParameter } from '../../http/schema.js';
import { newTag, tag, tagChange, tagPage, tagsQuery, type NewTag, type TagChange, type TagsQuery } from './tags.dto.js';
import { TagsService } from './tags.service.js';

@ApiTags('community')
@Controller('tags')
export class TagsController {
  constructor(private readonly tags: TagsService) {}

  @Get()
  @Public()
  @ConditionalGet()
  @ApiDoc({ summary: 'Tags by name', answer: tagPage })
  list(@Query({ schema: tagsQuery }) query: TagsQuery) {
    return this.tags.list(query);
  }

  @Get(':id')
  @Public()
  @ConditionalGet()
  @ApiDoc({ summary: 'A tag', answer: tag, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.tags.get(id);
  }

  @Post()
  @Access('admin')
  @ApiDoc({ summary: 'Make a tag', answer: tag, status: 201, problems: [409] })
  create(@CurrentUser() user: Identity, @Body({ schema: newTag }) body: NewTag) {
    return this.tags.create(user.userId, body);
  }

  @Patch(':id')
  @Access('admin')
  @ApiDoc({ summary: 'Rename a tag', description: 'The slug follows the name; posts keep the tag.', answer: tag, problems: [404, 409] })
  edit(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number, @Body({ schema: tagChange }) body: TagChange) {
    return this.tags.edit(user.userId, id, body);
  }

  @Delete(':id')
  @Access('admin')
  @ApiDoc({ summary: 'Delete a tag', description: 'Posts that had it stay, without it.', problems: [404] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.tags.delete(user.userId, id);
  }
}
