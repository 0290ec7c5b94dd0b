import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CategoriesModule } from '../categories/categories.module.js';
import { EventsModule } from '../events/events.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { ExportController } from './export/export.controller.js';
import { ExportRepository } from './export/export.repository.js';
import { ExportService } from './export/export.service.js';
import { ImportController } from './import/import.controller.js';
import { ImportRepository } from './import/import.repository.js';
import { ImportService } from './import/import.service.js';
import { ProductBatches } from './import/product-batches.js';
import { CategoryProductsController } from './category-products.controller.js';
import { ProductRefreshJobs } from './product-refresh.jobs.js';
import { ProductRefreshRepository } from './product-refresh.repository.js';
import { ProductsController } from './products.controller.js';
import { ProductsRepository } from './products.repository.js';
import { ProductsService } from './products.service.js';
import { ProductSearchRepository } from './search/product-search.repository.js';
import { ProductSearchService } from './search/product-search.service.js';
import { SearchTermsRepository } from './search/search-terms.repository.js';

@Module({
  imports: [AuditModule, CategoriesModule, EventsModule, JobsModule],
  controllers: [ImportController, ExportController, ProductsController, CategoryProductsController],
  providers: [
    ProductsService,
    ProductsRepository,
    ProductSearchService,
    ProductSearchRepository,
    SearchTermsRepository,
    ProductRefreshRepository,
    ProductRefreshJobs,
    ImportService,
    ImportRepository,
    ProductBatches,
    ExportService,
    ExportRepository,
  ],
  exports: [ProductsService],
})
export class ProductsModule {}
