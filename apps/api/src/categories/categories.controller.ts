import { ResponseCache } from '@app/cache';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { cacheTags } from '../cache/cache-types.js';
import { Access, CurrentUser, Public, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import { idParameter } from '../http/schema.js';
import { category, categoryChange, categoryTree, newCategory, treeQuery } from './categories.dto.js';
import type { CategoryChange, NewCategory, TreeQuery } from './categories.dto.js';
import { CategoriesService } from './categories.service.js';

@ApiTags('categories')
@Controller('categories')
export class CategoriesController {
  constructor(private readonly categories: CategoriesService) {}

  @Get()
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'category_tree', tags: [cacheTags.categories], query: ['depth'] })
  @ApiDoc({ summary: 'The category tree', description: 'Each with the active products of its whole subtree.', answer: categoryTree })
  tree(@Query({ schema: treeQuery }) query: TreeQuery) {
    return this.categories.getTree(query);
  }

  @Get(':id')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'category_tree', tags: [cacheTags.categories] })
  @ApiDoc({ summary: 'A category with its children and the way to it', answer: category, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.categories.get(id);
  }

  @Post()
  @Access('admin')
  @ApiDoc({
    summary: 'Add a category',
    description: 'Without a slug it gets one made from its name. 409 names the field that is taken; 404: there is no such parent.',
    answer: category,
    status: 201,
    problems: [404, 409],
  })
  async create(
    @CurrentUser() user: Identity,
    @Body({ schema: newCategory }) body: NewCategory,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.categories.create(user.userId, body);
    reply.header('location', `/categories/${created.id}`);
    return created;
  }

  @Patch(':id')
  @Access('admin')
  @ApiDoc({
    summary: 'Change or move a category',
    description: '409: a sibling has the name, another category the slug, or the new parent lies in its own subtree.',
    answer: category,
    problems: [404, 409],
  })
  change(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: categoryChange }) body: CategoryChange,
  ) {
    return this.categories.change(user.userId, id, body);
  }

  @Delete(':id')
  @Access('admin')
  @ApiDoc({ summary: 'Delete an empty category', description: '409 while it has products or children.', problems: [404, 409] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.categories.delete(user.userId, id);
  }
}
