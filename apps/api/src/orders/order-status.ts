import { moveNotAllowed } from './orders.problems.js';

export const orderStatuses = ['pending', 'processing', 'shipped', 'delivered', 'cancelled'] as const;
export const paymentStatuses = ['pending', 'paid', 'failed', 'refunded'] as const;

export type OrderStatus = (typeof orderStatuses)[number];
export type PaymentStatus = (typeof paymentStatuses)[number];

export interface OrderState {
  readonly status: OrderStatus;
  readonly payment_status: PaymentStatus;
}

const statusMoves: Record<OrderStatus, readonly OrderStatus[]> = {
  pending: ['processing', 'cancelled'],
  processing: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: [],
  cancelled: [],
};

const paymentMoves: Record<PaymentStatus, readonly PaymentStatus[]> = {
  pending: ['paid', 'failed'],
  paid: ['refunded'],
  failed: [],
  refunded: [],
};

/** Nobody pays for what will not be sent. */
function allowedPayments({ status, payment_status }: OrderState): readonly PaymentStatus[] {
  return paymentMoves[payment_status].filter((to) => !(status === 'cancelled' && to === 'paid'));
}

/** Where a move of the status leads; a cancelled order that was paid is refunded. Throws 409 naming the allowed moves. */
export function moveStatus(state: OrderState, to: OrderStatus): OrderState {
  const allowed = statusMoves[state.status];
  if (!allowed.includes(to)) throw moveNotAllowed('status', { from: state.status, to, allowed });
  return { status: to, payment_status: to === 'cancelled' && state.payment_status === 'paid' ? 'refunded' : state.payment_status };
}

/** Where a move of the payment leads; it never moves the order. Throws 409 naming the allowed moves. */
export function movePayment(state: OrderState, to: PaymentStatus): OrderState {
  const allowed = allowedPayments(state);
  if (!allowed.includes(to)) throw moveNotAllowed('payment_status', { from: state.payment_status, to, allowed });
  return { status: state.status, payment_status: to };
}
