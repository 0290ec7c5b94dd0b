import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

const soldOut = 'SELECT EXISTS (SELECT FROM products WHERE id = ANY ($1) AND stock_quantity = 0) AS is_sold_out';

@Injectable()
export class SoldOutRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whether nothing is left of any of them. */
  async hasSoldOut(productIds: readonly number[]): Promise<boolean> {
    const [row] = await this.dataSource.query<{ is_sold_out: boolean }[]>(soldOut, [productIds]);
    return row?.is_sold_out === true;
  }
}
