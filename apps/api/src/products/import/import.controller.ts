import { Controller, Inject, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { TakesUpload } from '../../http/uploads.js';
import { importQuery, importReport, type ImportQuery, type ImportReport } from './import.dto.js';
import { ImportService } from './import.service.js';
import { uploadIn, type UploadLimits } from './upload.js';

const exampleFile = 'sku,name,price,stock_quantity,category\nAC-TT-1,Acme Turntable,199.00,5,Audio > Turntables\n';

@ApiTags('products')
@Controller('products/import')
export class ImportController {
  private readonly limits: UploadLimits;

  constructor(
    @Inject(CONFIG) { http }: Config,
    private readonly imports: ImportService,
  ) {
    this.limits = { bytes: http.importLimitBytes, timeoutMs: http.importTimeoutMs, pauseMs: http.requestTimeoutMs };
  }

  @Post()
  @Access('seller', 'admin')
  @TakesUpload()
  @ApiDoc({
    summary: 'Import products from CSV',
    description:
      'Our own columns, as `GET /products/export` writes them, or the product export of Shopify; the header tells. Products are known by their SKU: new ones are made, those that differ are changed, sellers their own only. A row that cannot be taken is left out and named in `errors`, with its line and column; the others are written all the same.',
    answer: importReport,
    problems: [408, 409],
    requestBody: {
      required: true,
      content: {
        'text/csv': { schema: { type: 'string' }, example: exampleFile },
        'multipart/form-data': {
          schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
          encoding: { file: { contentType: 'text/csv' } },
        },
      },
    },
  })
  import(
    @CurrentUser() actor: Identity,
    @Query({ schema: importQuery }) { dry_run: isDryRun = false }: ImportQuery,
    @Req() request: FastifyRequest,
  ): Promise<ImportReport> {
    return this.imports.import({ actor, upload: uploadIn(request, this.limits), isDryRun });
  }
}
