import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { OutboxService } from '../events/outbox.js';
import type { Identity } from '../http/access.js';
import { distinctSlug, slugify } from '../http/slug.js';
import type { CountedRow, Product, ProductChange, ProductCreation } from './products.dto.js';
import { productNotFound, productSlugTaken, productStale, salePriceTooHigh, sellerForAdmins, sellerUnknown } from './products.problems.js';
import { ProductsRepository } from './products.repository.js';

const slugLength = 200;

@Injectable()
export class ProductsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly products: ProductsRepository,
    private readonly audit: AuditService,
    private readonly outbox: OutboxService,
    private readonly invalidations: Invalidations,
  ) {}

  async get(id: number): Promise<Product> {
    const product = await this.products.find(id);
    if (!product) throw productNotFound(id);
    return product;
  }

  async getBySlug(slug: string): Promise<Product> {
    const product = await this.products.findBySlug(slug);
    if (!product) throw productNotFound(slug);
    return product;
  }

  popular(limit: number): Promise<CountedRow[]> {
    return this.products.findPopular(limit);
  }

  async related(id: number, limit: number): Promise<CountedRow[]> {
    const related = await this.products.findRelated(id, limit);
    if (!related) throw productNotFound(id);
    return related;
  }

  /** A seller's product is the seller's; an admin says whose it is, the house's unless told. */
  create(actor: Identity, given: ProductCreation): Promise<Product> {
    if (given.seller_id !== undefined && actor.role !== 'admin') throw sellerForAdmins();
    if (given.sale_price !== undefined && given.sale_price !== null && given.sale_price > given.price) throw salePriceTooHigh();
    return inTransaction(this.dataSource, async (manager) => {
      const values = { ...given, seller_id: actor.role === 'admin' ? (given.seller_id ?? null) : actor.userId };
      if (given.seller_id !== undefined) await this.checkSeller(manager, given.seller_id);
      const { id, slug } = await this.insert(manager, values);
      await this.audit.record(manager, {
        actorId: actor.userId,
        action: 'product.create',
        entityType: 'product',
        entityId: id,
        changes: { ...values, slug },
      });
      await this.tellChange(manager, id, given);
      return this.read(manager, id);
    });
  }

  /** A given version that is not the present one changes nothing. Null clears a field. */
  change(actor: Identity, id: number, changes: ProductChange, version: number | undefined): Promise<Product> {
    if (changes.seller_id !== undefined && actor.role !== 'admin') throw sellerForAdmins();
    return inTransaction(this.dataSource, async (manager) => {
      await this.lock(manager, actor, id, version);
      if (Object.keys(changes).length === 0) return this.read(manager, id);
      if (changes.seller_id !== undefined) await this.checkSeller(manager, changes.seller_id);
      await this.products.update(manager, id, actor.userId, changes);
      await this.audit.record(manager, { actorId: actor.userId, action: 'product.update', entityType: 'product', entityId: id, changes });
      await this.tellChange(manager, id, changes);
      return this.read(manager, id);
    });
  }

  async deactivate(actor: Identity, id: number, version: number | undefined): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const { is_active: isActive } = await this.lock(manager, actor, id, version);
      if (!isActive) throw productNotFound(id);
      await this.products.update(manager, id, actor.userId, { is_active: false });
      await this.audit.record(manager, { actorId: actor.userId, action: 'product.deactivate', entityType: 'product', entityId: id });
      await this.tellChange(manager, id, { is_active: false });
    });
  }

  private async tellChange(manager: EntityManager, id: number, changes: ProductChange): Promise<void> {
    const fields = Object.keys(changes).sort();
    await this.outbox.append(manager, {
      aggregateType: 'product',
      aggregateId: id,
      eventType: 'product.changed',
      payload: { product_id: id, fields },
    });
    await this.invalidations.after(manager, cacheTags.product(id), cacheTags.catalogue, cacheTags.categories);
  }

  private async lock(manager: EntityManager, actor: Identity, id: number, version: number | undefined) {
    const state = await this.products.lock(manager, id, actor.role === 'admin' ? null : actor.userId);
    if (!state) throw productNotFound(id);
    if (version !== undefined && version !== state.version) throw productStale();
    return state;
  }

  /** A slug of our own making gives way to one that is there. */
  private async insert(manager: EntityManager, values: ProductCreation): Promise<{ id: number; slug: string }> {
    const own = slugify(values.name, slugLength, 'product');
    for (const slug of values.slug === undefined ? [own, distinctSlug(own, slugLength)] : [values.slug]) {
      const id = await this.products.create(manager, { ...values, slug });
      if (id !== undefined) return { id, slug };
    }
    throw productSlugTaken();
  }

  private async checkSeller(manager: EntityManager, sellerId: number | null): Promise<void> {
    if (sellerId !== null && !(await this.products.isSeller(manager, sellerId))) throw sellerUnknown();
  }

  private async read(manager: EntityManager, id: number): Promise<Product> {
    const product = await this.products.read(manager, id);
    if (!product) throw productNotFound(id);
    return product;
  }
}
