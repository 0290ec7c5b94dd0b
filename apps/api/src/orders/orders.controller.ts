import { Body, Controller, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access, CurrentUser, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { idParameter } from '../http/schema.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { ApiIdempotencyKey, IdempotencyKey } from './checkout/idempotency-key.js';
import { allOrdersQuery, newOrder, order, orderDetail, orderPage, ownOrdersQuery, paymentMove, statusMove } from './orders.dto.js';
import type { NewOrder, OrdersQuery, OwnOrdersQuery, PaymentMove, StatusMove } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly checkout: CheckoutService,
  ) {}

  @Post()
  @Access()
  @ApiIdempotencyKey()
  @ApiDoc({
    summary: 'Place an order',
    description:
      'From `items`, or from the cart when they are left out. All or nothing: 409 names each product that is short in `products[]`, with ' +
      '`requested` and `available`. A product of `items` that is not on sale is a 404, one of the cart a 409; an empty cart is a 409.',
    answer: order,
    status: 201,
    problems: [404, 409, 422],
  })
  async place(
    @CurrentUser() user: Identity,
    @Body({ schema: newOrder }) body: NewOrder,
    @Res({ passthrough: true }) reply: FastifyReply,
    @IdempotencyKey() key?: string,
  ) {
    const { order, isReplay } = await this.checkout.place(user.userId, body, key);
    reply.header('location', `/orders/${order.id}`);
    if (isReplay) reply.header('idempotent-replayed', 'true');
    return order;
  }

  @Get()
  @Access()
  @ApiDoc({ summary: 'Own orders, newest first', answer: orderPage })
  list(@CurrentUser() user: Identity, @Query({ schema: ownOrdersQuery }) query: OwnOrdersQuery) {
    return this.orders.listOwn(user.userId, query);
  }

  @Get('all')
  @Access('seller', 'admin')
  @ApiDoc({
    summary: 'The orders that one manages, newest first',
    description: 'An admin sees all. A seller sees those with own items, of each the own items and what they cost.',
    answer: orderPage,
  })
  listManaged(@CurrentUser() user: Identity, @Query({ schema: allOrdersQuery }) query: OrdersQuery) {
    return this.orders.listManaged(user, query);
  }

  @Get(':id')
  @Access()
  @ApiDoc({ summary: 'An own order with its history', answer: orderDetail, problems: [404] })
  get(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.orders.getOwn(user.userId, id);
  }

  @Post(':id/cancel')
  @Access()
  @ApiDoc({
    summary: 'Cancel an own order',
    description: 'While it is pending or processing. Its stock goes back; a paid one is refunded.',
    answer: orderDetail,
    problems: [404, 409],
  })
  cancel(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.orders.cancelOwn(user.userId, id);
  }

  @Patch(':id/status')
  @Access('seller', 'admin')
  @ApiDoc({
    summary: 'Move an order',
    description:
      'pending, processing, shipped, delivered; pending or processing to cancelled. 409 names the allowed moves in `allowed[]`. ' +
      'A seller moves an order that is all theirs: 403 when it has items of others, 404 when it has none of theirs.',
    answer: orderDetail,
    problems: [404, 409],
  })
  setStatus(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: statusMove }) body: StatusMove,
  ) {
    return this.orders.setStatus(user, id, body.status);
  }

  @Patch(':id/payment')
  @Access('admin')
  @ApiDoc({
    summary: 'Move the payment of an order',
    description:
      'pending to paid or failed, paid to refunded. 409 names the allowed moves in `allowed[]`; a cancelled order cannot be paid.',
    answer: orderDetail,
    problems: [404, 409],
  })
  setPayment(
    @CurrentUser() user: Identity,
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: paymentMove }) body: PaymentMove,
  ) {
    return this.orders.setPayment(user.userId, id, body.payment_status);
  }
}
