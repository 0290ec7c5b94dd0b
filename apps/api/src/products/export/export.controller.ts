import { Controller, Get, Inject, Query, StreamableFile } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Clock } from '@app/common';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { CLOCK } from '../../app.tokens.js';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { exportQuery, type ExportQuery } from './export.dto.js';
import { ExportService } from './export.service.js';

@ApiTags('products')
@Controller('products/export')
export class ExportController {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly exports: ExportService,
  ) {}

  @Get()
  @Access('seller', 'admin')
  @ApiProduces('text/csv')
  @ApiDoc({
    summary: 'Export products as CSV',
    description:
      'Sellers their own, admins all, inactive ones too. `POST /products/import` takes the file, and changes nothing if nothing in it was. A text that a spreadsheet would take for a formula begins with an apostrophe, which the import takes away.',
    answer: z.string(),
  })
  async export(@CurrentUser() actor: Identity, @Query({ schema: exportQuery }) query: ExportQuery): Promise<StreamableFile> {
    const pieces = await this.exports.export(actor, query);
    const day = new Date(this.clock.now()).toISOString().slice(0, 10);
    return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: `attachment; filename="products-${day}.csv"`,
    });
  }
}
