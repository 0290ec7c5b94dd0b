import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AuditService } from '../audit/audit.service.js';
import { OutboxService } from '../events/outbox.js';
import type { Identity } from '../http/access.js';
import { paginate, pageWindow, type PageRequest } from '../http/page.js';
import {
  queueCursor,
  reviewCursor,
  type ModerationQuery,
  type NewReview,
  type Review,
  type ReviewChange,
  type ReviewPage,
} from './reviews.dto.js';
import { alreadyReviewed, invalidCursor, productNotFound, reviewNotFound } from './reviews.problems.js';
import { ReviewsRepository, type ListedReview, type ReviewRows, type ReviewWindow, type WrittenReview } from './reviews.repository.js';

/** A list's order: where a cursor of it points. */
interface ReviewOrder {
  readonly cursor: z.ZodType<number[]>;
  readonly key: (review: ListedReview) => number[];
}

const byAge: ReviewOrder = { cursor: reviewCursor, key: ({ position, id }) => [position, id] };
const byTurn: ReviewOrder = { cursor: queueCursor, key: ({ moderated_at, position, id }) => [moderated_at === null ? 0 : 1, position, id] };

@Injectable()
export class ReviewsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reviews: ReviewsRepository,
    private readonly outbox: OutboxService,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  listOfProduct(productId: number, query: PageRequest): Promise<ReviewPage> {
    return this.list(query, { ...byAge, kind: `reviews-of-${productId}` }, async (window) => {
      const found = await this.reviews.listOfProduct(productId, window);
      if (!found) throw productNotFound(productId);
      return found;
    });
  }

  listOwn(userId: number, query: PageRequest): Promise<ReviewPage> {
    return this.list(query, { ...byAge, kind: 'own-reviews' }, (window) => this.reviews.listOfUser(userId, window));
  }

  listForModeration(query: ModerationQuery): Promise<ReviewPage> {
    return query.is_approved === true
      ? this.list(query, { ...byAge, kind: 'approved-reviews' }, (window) => this.reviews.listApproved(window))
      : this.list(query, { ...byTurn, kind: 'review-queue' }, (window) => this.reviews.listQueue(window));
  }

  async create(userId: number, productId: number, body: NewReview): Promise<Review> {
    const written = await this.reviews.insert(userId, productId, body);
    if (!written) throw productNotFound(productId);
    if (!written.review) throw alreadyReviewed(productId, await this.reviews.findIdOf(userId, productId));
    return written.review;
  }

  edit(userId: number, id: number, change: ReviewChange): Promise<Review> {
    return inTransaction(this.dataSource, async (manager) => {
      const edited = await this.reviews.edit(manager, id, userId, change);
      if (!edited) throw reviewNotFound(id);
      await this.tellRating(manager, edited);
      return edited.review;
    });
  }

  async delete({ userId, role }: Identity, id: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const deleted = await this.reviews.delete(manager, id, { userId, isAdmin: role === 'admin' });
      if (!deleted) throw reviewNotFound(id);
      await this.tellRating(manager, deleted);
      if (deleted.review.user.id !== userId) await this.record(manager, userId, 'review.delete', deleted.review);
    });
  }

  /** Deciding again what stands already changes nothing and tells nobody. */
  moderate(adminId: number, id: number, isApproved: boolean): Promise<Review> {
    return inTransaction(this.dataSource, async (manager) => {
      const moderated = await this.reviews.moderate(manager, id, isApproved);
      if (!moderated) return this.getModerated(manager, id);
      const { review } = moderated;
      if (isApproved) await this.tellApproval(manager, review);
      else await this.tellRating(manager, moderated);
      await this.record(manager, adminId, isApproved ? 'review.approve' : 'review.reject', review);
      return review;
    });
  }

  private async getModerated(manager: EntityManager, id: number): Promise<Review> {
    const review = await this.reviews.findById(manager, id);
    if (!review) throw reviewNotFound(id);
    return review;
  }

  private async tellApproval(manager: EntityManager, { id, product_id, user, rating }: Review): Promise<void> {
    const payload = { review_id: id, product_id, user_id: user.id, rating };
    await this.endCached(manager, product_id);
    await this.outbox.append(manager, { aggregateType: 'review', aggregateId: id, eventType: 'review.approved', payload });
  }

  /** An approved review that goes changes the product as readers see it. */
  private async tellRating(manager: EntityManager, { review: { product_id }, ratingChanged }: WrittenReview): Promise<void> {
    if (!ratingChanged) return;
    await this.endCached(manager, product_id);
    const payload = { product_id, fields: ['rating'] };
    await this.outbox.append(manager, { aggregateType: 'product', aggregateId: product_id, eventType: 'product.changed', payload });
  }

  private async endCached(manager: EntityManager, productId: number): Promise<void> {
    await this.invalidations.after(manager, cacheTags.product(productId), cacheTags.reviews(productId), cacheTags.catalogue);
  }

  private async record(manager: EntityManager, actorId: number, action: string, review: Review): Promise<void> {
    const { id, product_id, user, rating, is_approved } = review;
    const changes = { product_id, user_id: user.id, rating, is_approved };
    await this.audit.record(manager, { actorId, action, entityType: 'review', entityId: id, changes });
  }

  private async list(
    query: PageRequest,
    { kind, cursor, key }: ReviewOrder & { readonly kind: string },
    read: (window: ReviewWindow) => Promise<ReviewRows>,
  ): Promise<ReviewPage> {
    const window = pageWindow(query, kind);
    const after = window.after && cursor.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { reviews, total } = await read({ limit: window.limit, offset: window.offset, ...(after ? { after: after.data } : {}) });
    const { rows, pagination } = paginate(reviews, window, total, { kind, key });
    return { reviews: rows.map(({ position: _, ...review }) => review), pagination };
  }
}
