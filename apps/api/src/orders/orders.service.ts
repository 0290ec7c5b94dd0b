import { Cached } from '@app/cache';
import { cacheTags } from '../cache/cache-types.js';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { OutboxService } from '../events/outbox.js';
import type { Identity } from '../http/access.js';
import { paginate, pageWindow, type PageRequest } from '../http/page.js';
import { OrderMovesRepository, type LockedOrder } from './order-moves.repository.js';
import { movePayment, moveStatus, type OrderState, type OrderStatus, type PaymentStatus } from './order-status.js';
import { orderCursor, type OrderDetail, type OrdersQuery } from './orders.dto.js';
import { invalidCursor, notAllYours, orderNotFound } from './orders.problems.js';
import { OrdersRepository, type OrderScope } from './orders.repository.js';

const everyone: OrderScope = { of: 'everyone', userId: null };
const boughtBy = (userId: number): OrderScope => ({ of: 'buyer', userId });
const managedBy = ({ role, userId }: Identity): OrderScope => (role === 'admin' ? everyone : { of: 'seller', userId });

const audited = (id: number, before: OrderState, after: OrderState) => ({
  action: 'order.move',
  entityType: 'order',
  entityId: id,
  changes: {
    ...(before.status === after.status ? {} : { status: after.status }),
    ...(before.payment_status === after.payment_status ? {} : { payment_status: after.payment_status }),
  },
});

@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly moves: OrderMovesRepository,
    private readonly audit: AuditService,
    private readonly outbox: OutboxService,
  ) {}

  @Cached({ type: 'user_orders', tags: (userId: number, _query: OrdersQuery) => [cacheTags.ordersOf(userId)] })
  listOwn(userId: number, query: OrdersQuery) {
    return this.list(boughtBy(userId), 'own-orders', query);
  }

  listManaged(user: Identity, query: OrdersQuery) {
    return this.list(managedBy(user), 'all-orders', query);
  }

  @Cached({ type: 'order_detail', tags: (userId: number, id: number) => [cacheTags.order(id), cacheTags.ordersOf(userId)] })
  getOwn(userId: number, id: number): Promise<OrderDetail> {
    return this.get(boughtBy(userId), id);
  }

  cancelOwn(userId: number, id: number): Promise<OrderDetail> {
    return this.move(boughtBy(userId), { id, actorId: userId }, (order) => moveStatus(order, 'cancelled'));
  }

  setStatus(user: Identity, id: number, to: OrderStatus): Promise<OrderDetail> {
    return this.move(managedBy(user), { id, actorId: user.userId }, (order) => {
      if (!order.is_all_own) throw notAllYours(id);
      return moveStatus(order, to);
    });
  }

  setPayment(userId: number, id: number, to: PaymentStatus): Promise<OrderDetail> {
    return this.move(everyone, { id, actorId: userId }, (order) => movePayment(order, to));
  }

  private async list(scope: OrderScope, kind: string, query: OrdersQuery & PageRequest) {
    const window = pageWindow(query, kind);
    const after = window.after && orderCursor.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { orders, total } = await this.orders.list(scope, query, {
      limit: window.limit,
      offset: window.offset,
      ...(after ? { after: after.data } : {}),
    });
    const { rows, pagination } = paginate(orders, window, total, { kind, key: ({ order, position }) => [position, order.id] });
    return { orders: rows.map(({ order }) => order), pagination };
  }

  private async get(scope: OrderScope, id: number): Promise<OrderDetail> {
    const order = await this.orders.find(scope, id);
    if (!order) throw orderNotFound(id);
    return order;
  }

  private async move(
    scope: OrderScope,
    { id, actorId }: { id: number; actorId: number },
    decide: (order: LockedOrder) => OrderState,
  ): Promise<OrderDetail> {
    const record = async (manager: EntityManager, before: OrderState, after: OrderState): Promise<void> => {
      if (scope.of !== 'buyer') await this.audit.record(manager, { actorId, ...audited(id, before, after) });
    };
    if (!(await this.moves.move({ scope, orderId: id, actorId, decide, record }))) throw orderNotFound(id);
    this.outbox.wake();
    return this.get(scope, id);
  }
}
