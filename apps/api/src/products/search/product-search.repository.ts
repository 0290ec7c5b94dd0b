import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Facets, ProductRow } from '../products.dto.js';
import { broadStatement } from './broad-statement.js';
import { estimateStatement, searchStatement, type Statement, type Wanted, type WriteWords } from './search-statement.js';

export interface FoundRow extends ProductRow {
  readonly seen_value: string;
}

export interface Found {
  /** One more than the page when there is a next one. */
  readonly rows: readonly FoundRow[];
  readonly total: number;
  readonly facets?: Facets;
}

type Row = FoundRow & { sort_key: unknown; total: number; facets?: Facets };

@Injectable()
export class ProductSearchRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  find(wanted: Wanted): Promise<Found> {
    return this.read(searchStatement(wanted));
  }

  /** The page only. */
  async findBroad(wanted: Wanted & { readonly words: WriteWords }): Promise<readonly FoundRow[]> {
    return (await this.read(broadStatement(wanted))).rows;
  }

  async estimate(wanted: Pick<Wanted, 'filters' | 'words'>): Promise<number> {
    const { sql, values } = estimateStatement(wanted);
    const [row] = await this.dataSource.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }[]>(sql, [...values]);
    return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
  }

  private async read({ sql, values }: Statement): Promise<Found> {
    const rows = await this.dataSource.query<Row[]>(sql, [...values]);
    const [first] = rows;
    const shown = rows.filter((row) => row.id !== null).map(({ sort_key: _, total: __, facets: ___, ...row }) => row);
    return { rows: shown, total: first?.total ?? 0, ...(first?.facets ? { facets: first.facets } : {}) };
  }
}
