import { ResponseCache } from '@app/cache';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CategoriesService } from '../categories/categories.service.js';
import { cacheTags } from '../cache/cache-types.js';
import { Public } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import { idParameter } from '../http/schema.js';
import { categoryProductsQuery, productsPage, type ProductSearch } from './products.dto.js';
import { tagsOfList } from './products.tags.js';
import { ProductSearchService } from './search/product-search.service.js';

/** With the products, not with the categories, which know nothing of them. */
@ApiTags('categories')
@Controller('categories/:id/products')
export class CategoryProductsController {
  constructor(
    private readonly categories: CategoriesService,
    private readonly searches: ProductSearchService,
  ) {}

  @Get()
  @Public()
  @ConditionalGet()
  @ResponseCache({
    type: 'category_products',
    tags: [cacheTags.catalogue, cacheTags.categories],
    tagsOf: tagsOfList,
    query: Object.keys(categoryProductsQuery.shape),
  })
  @ApiDoc({ summary: 'Products of a category and of all below it', answer: productsPage, problems: [404] })
  async list(@Param('id', { schema: idParameter }) id: number, @Query({ schema: categoryProductsQuery }) query: ProductSearch) {
    const page = await this.searches.search({ ...query, category_id: id });
    if (page.pagination.total_count === 0) await this.categories.get(id);
    return page;
  }
}
