import { ResponseCache } from '@app/cache';
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { cacheTags } from '../cache/cache-types.js';
import { Access, CurrentUser, Public, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import { parseIfMatch } from '../http/if-match.js';
import { idParameter } from '../http/schema.js';
import {
  countedProducts,
  limitQuery,
  product,
  productChange,
  productCreation,
  productSearch,
  productsPage,
  productsQuery,
  slug,
  type Product,
  type ProductChange,
  type ProductCreation,
  type ProductSearch,
} from './products.dto.js';
import { tagsOfList, tagsOfProducts } from './products.tags.js';
import { ProductsService } from './products.service.js';
import { ProductSearchService } from './search/product-search.service.js';

const IfMatch = () =>
  ApiHeader({ name: 'If-Match', required: false, description: 'The version that was read, such as `"7"`', schema: { type: 'string' } });

@ApiTags('products')
@Controller('products')
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly searches: ProductSearchService,
  ) {}

  @Get()
  @Public()
  @ConditionalGet()
  @ResponseCache({
    type: 'product_list',
    tags: [cacheTags.catalogue],
    tagsOf: tagsOfList,
    query: Object.keys(productsQuery.shape),
  })
  @ApiDoc({ summary: 'Products by filter', description: 'The same filters as `POST /products/search`.', answer: productsPage })
  list(@Query({ schema: productsQuery }) query: ProductSearch) {
    return this.searches.search(query);
  }

  @Post('search')
  @Public()
  @ApiDoc({
    summary: 'Search products',
    description:
      'All words must occur, in any form; the last one may be unfinished. When that finds little, misspelt words are corrected and parts of words count: `corrected_query` then says what was searched for.',
    answer: productsPage,
  })
  search(@Body({ schema: productSearch }) body: ProductSearch) {
    return this.searches.searchCached(body);
  }

  @Get('popular')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'popular_products', tags: [cacheTags.catalogue], tagsOf: tagsOfProducts, query: { limit: 10 } })
  @ApiDoc({ summary: 'Most ordered of the last 30 days', answer: countedProducts })
  async popular(@Query({ schema: limitQuery }) { limit = 10 }: { limit?: number }) {
    return { products: await this.products.popular(limit) };
  }

  @Get('by-slug/:slug')
  @Public()
  @ConditionalGet()
  @ResponseCache({
    type: 'product_detail',
    // A new product may take a slug that was nobody's.
    tags: [cacheTags.catalogue, cacheTags.categoryNames],
    tagsOf: ({ id }: Product) => [cacheTags.product(id)],
  })
  @ApiDoc({ summary: 'One product by its slug', answer: product, problems: [404] })
  getBySlug(@Param('slug', { schema: slug }) given: string) {
    return this.products.getBySlug(given);
  }

  @Get(':id')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'product_detail', tags: [cacheTags.product('{id}'), cacheTags.categoryNames] })
  @ApiDoc({ summary: 'One product', answer: product, problems: [404] })
  get(@Param('id', { schema: idParameter }) id: number) {
    return this.products.get(id);
  }

  @Get(':id/related')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'popular_products', tags: [cacheTags.catalogue], tagsOf: tagsOfProducts, query: { limit: 10 } })
  @ApiDoc({
    summary: 'Products bought together with it',
    description: 'Filled up with the most ordered of its category. `order_count`: orders with both, or orders of the last 30 days.',
    answer: countedProducts,
    problems: [404],
  })
  async related(@Param('id', { schema: idParameter }) id: number, @Query({ schema: limitQuery }) { limit = 10 }: { limit?: number }) {
    return { products: await this.products.related(id, limit) };
  }

  @Post()
  @Access('seller', 'admin')
  @ApiDoc({ summary: 'Add a product', answer: product, status: 201, problems: [409] })
  async create(
    @CurrentUser() user: Identity,
    @Body({ schema: productCreation }) body: ProductCreation,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.products.create(user, body);
    reply.header('location', `/products/${created.id}`);
    return created;
  }

  @Patch(':id')
  @Access('seller', 'admin')
  @IfMatch()
  @ApiDoc({
    summary: 'Change a product',
    description: 'Sellers their own. Null clears a field.',
    answer: product,
    problems: [404, 409, 412],
  })
  change(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: productChange }) body: ProductChange,
    @Headers('If-Match') ifMatch: string | undefined,
  ) {
    return this.products.change(user, id, body, parseIfMatch(ifMatch));
  }

  @Delete(':id')
  @Access('seller', 'admin')
  @IfMatch()
  @ApiDoc({ summary: 'Take a product off the shop', description: 'It is deactivated: orders keep it.', problems: [404, 412] })
  deactivate(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Headers('If-Match') ifMatch: string | undefined,
  ): Promise<void> {
    return this.products.deactivate(user, id, parseIfMatch(ifMatch));
  }
}
