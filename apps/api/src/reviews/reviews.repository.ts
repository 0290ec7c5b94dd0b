import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { NewReview, Review, ReviewChange } from './reviews.dto.js';
import {
  approvedPage,
  deleteReview,
  editReview,
  insertReview,
  moderateReview,
  ownPage,
  productPage,
  queuePage,
  reviewById,
} from './reviews.sql.js';

export interface ReviewWindow {
  readonly limit: number;
  readonly offset: number;
  /** Sort values of the last review seen: microseconds since the epoch and id; in the queue, first whether it was moderated (1) or not (0). */
  readonly after?: readonly number[];
}

export type ListedReview = Review & { readonly position: number };

export interface ReviewRows {
  readonly reviews: ListedReview[];
  readonly total: { readonly count: number; readonly isEstimate: boolean };
}

/** `ratingChanged`: what the public sees of the product's rating is no longer the same. */
export interface WrittenReview {
  readonly review: Review;
  readonly ratingChanged: boolean;
}

type PageRow = ListedReview & { readonly count: number };
type Written = Review & { readonly was_approved: boolean };

const countedRows = 10_000;

function toRows(rows: PageRow[]): ReviewRows {
  const count = rows[0]?.count ?? 0;
  return {
    reviews: rows.filter((row) => row.id !== null).map(({ count: _, ...row }) => row),
    total: { count, isEstimate: count > countedRows },
  };
}

@Injectable()
export class ReviewsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Undefined: there is no such product on sale. The total is the product's own count, so it is exact at any size. */
  async listOfProduct(productId: number, window: ReviewWindow): Promise<ReviewRows | undefined> {
    const rows = await this.page(productPage, [productId], window);
    const [first] = rows;
    return first && { ...toRows(rows), total: { count: first.count, isEstimate: false } };
  }

  async listOfUser(userId: number, window: ReviewWindow): Promise<ReviewRows> {
    return toRows(await this.page(ownPage, [userId], window));
  }

  async listApproved(window: ReviewWindow): Promise<ReviewRows> {
    return toRows(await this.page(approvedPage, [countedRows + 1], window));
  }

  async listQueue({ limit, offset, after }: ReviewWindow): Promise<ReviewRows> {
    return toRows(await this.dataSource.query(queuePage, [countedRows + 1, ...(after ?? [null, null, null]), limit + 1, offset]));
  }

  /** Null as the review: this user has written one already. Undefined: there is no such product on sale. */
  async insert(userId: number, productId: number, { rating, title, comment }: NewReview): Promise<{ review: Review | null } | undefined> {
    const [row]: Review[] = await this.dataSource.query(insertReview, [userId, productId, rating, title ?? null, comment ?? null]);
    return row && { review: row.id === null ? null : row };
  }

  async findIdOf(userId: number, productId: number): Promise<number | undefined> {
    const sql = 'SELECT id FROM reviews WHERE user_id = $1 AND product_id = $2';
    const [row]: { id: number }[] = await this.dataSource.query(sql, [userId, productId]);
    return row?.id;
  }

  async findById(manager: EntityManager, id: number): Promise<Review | undefined> {
    const [row]: Review[] = await manager.query(reviewById, [id]);
    return row;
  }

  /** The author's own only. What changes its text or rating sends it back to the moderators. */
  async edit(manager: EntityManager, id: number, userId: number, change: ReviewChange): Promise<WrittenReview | undefined> {
    const { rating = null, title, comment } = change;
    const values = [rating, title !== undefined, title ?? null, comment !== undefined, comment ?? null];
    const [row]: Written[] = await manager.query(editReview, [id, userId, ...values]);
    return row && written(row);
  }

  async delete(manager: EntityManager, id: number, by: { userId: number; isAdmin: boolean }): Promise<WrittenReview | undefined> {
    const [row]: Review[] = await manager.query(deleteReview, [id, by.userId, by.isAdmin]);
    return row && { review: row, ratingChanged: row.is_approved };
  }

  /** Undefined: nothing to do, because it is so already or not there. */
  async moderate(manager: EntityManager, id: number, isApproved: boolean): Promise<WrittenReview | undefined> {
    const [row]: Written[] = await manager.query(moderateReview, [id, isApproved]);
    return row && written(row);
  }

  private page(sql: string, parameters: unknown[], { limit, offset, after }: ReviewWindow): Promise<PageRow[]> {
    return this.dataSource.query(sql, [...parameters, ...(after ?? [null, null]), limit + 1, offset]);
  }
}

const written = ({ was_approved, ...review }: Written): WrittenReview => ({ review, ratingChanged: was_approved !== review.is_approved });
