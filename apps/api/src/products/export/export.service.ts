import { Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import type { Identity } from '../../http/access.js';
import { withFormulaMark } from '../import/csv/formula-mark.js';
import { exportColumns, type ExportRow } from './export.dto.js';
import { ExportRepository } from './export.repository.js';

@Injectable()
export class ExportService {
  constructor(private readonly products: ExportRepository) {}

  /**
   * The file in pieces, a page of products each, as they are asked for: a slow reader holds neither a connection nor more than one page.
   * The first page is read before anything is answered, so that a database that is away is still a 503.
   */
  async export(actor: Identity, { bom = false }: { readonly bom?: boolean | undefined }): Promise<AsyncGenerator<string>> {
    const sellerId = actor.role === 'admin' ? null : actor.userId;
    const first = await this.products.findPage(sellerId, 0);
    return this.pieces(sellerId, first, bom ? '\ufeff' : '');
  }

  private async *pieces(sellerId: number | null, first: ExportRow[], mark: string): AsyncGenerator<string> {
    yield mark + toCsv([exportColumns]);
    for (let rows = first; rows.length > 0; rows = await this.products.findPage(sellerId, rows.at(-1)?.id ?? 0)) {
      yield toCsv(rows.map((row) => exportColumns.map((column) => row[column])));
    }
  }
}

const toCsv = (rows: readonly (readonly unknown[])[]): string =>
  stringify([...rows], {
    cast: { boolean: String, string: withFormulaMark },
    // White space at the ends counts, and so do line ends of any kind; only quotes keep them.
    quoted_match: /^\s|\s$|\r/,
  });
