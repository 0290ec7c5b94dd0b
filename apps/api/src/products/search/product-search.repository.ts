import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Facets, ProductRow, ProductSearch } from '../products.dto.js';
import { estimateStatement, type Statement } from './search-statement.js';

export interface FoundRow extends ProductRow {
  readonly seen_value: string;
}

export interface Found {
  readonly rows: readonly FoundRow[];
  readonly total: number;
  readonly facets?: Facets;
}

type Row = FoundRow & { sort_key: unknown; total: number; facets?: Facets };

@Injectable()
export class ProductSearchRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async find({ sql, values }: Statement): Promise<Found> {
    const rows = await this.dataSource.query<Row[]>(sql, [...values]);
    const [first] = rows;
    const shown = rows.filter((row) => row.id !== null).map(({ sort_key: _, total: __, facets: ___, ...row }) => row);
    return { rows: shown, total: first?.total ?? 0, ...(first?.facets ? { facets: first.facets } : {}) };
  }

  async estimate(filters: ProductSearch): Promise<number> {
    const { sql, values } = estimateStatement(filters);
    const [row] = await this.dataSource.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }[]>(sql, [...values]);
    return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
  }
}
