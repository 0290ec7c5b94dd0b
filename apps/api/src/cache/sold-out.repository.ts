import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

const soldOut = 'SELECT id FROM products WHERE id = ANY ($1) AND stock_quantity = 0';

@Injectable()
export class SoldOutRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Those of which nothing is left. */
  async soldOut(productIds: readonly number[]): Promise<number[]> {
    const rows = await this.dataSource.query<{ id: number }[]>(soldOut, [productIds]);
    return rows.map(({ id }) => id);
  }
}
