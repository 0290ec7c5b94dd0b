import { Problem } from '@app/common';
import {
  movePayment,
  moveStatus,
  orderStatuses,
  paymentStatuses,
  type OrderState,
  type OrderStatus,
  type PaymentStatus,
} from './order-status.js';

const state = (status: OrderStatus, payment_status: PaymentStatus): OrderState => ({ status, payment_status });

function refusal(move: () => unknown): Problem {
  try {
    move();
  } catch (error) {
    if (error instanceof Problem) return error;
  }
  throw new Error('the move was allowed');
}

const isAllowed = (move: () => unknown): boolean => {
  try {
    move();
    return true;
  } catch {
    return false;
  }
};

describe('moveStatus', () => {
  it('allows exactly the moves of the life of an order', () => {
    const pairs = orderStatuses.flatMap((from) => orderStatuses.map((to) => [from, to] as const));
    const allowed = pairs.filter(([from, to]) => isAllowed(() => moveStatus(state(from, 'pending'), to)));
    expect(allowed).toEqual([
      ['pending', 'processing'],
      ['pending', 'cancelled'],
      ['processing', 'shipped'],
      ['processing', 'cancelled'],
      ['shipped', 'delivered'],
    ]);
  });

  it.each([
    ['pending', 'pending'],
    ['paid', 'refunded'],
    ['failed', 'failed'],
    ['refunded', 'refunded'],
  ] as const)('leaves the payment of a cancelled order that was %s as %s', (before, after) => {
    expect(moveStatus(state('processing', before), 'cancelled')).toEqual(state('cancelled', after));
  });

  it('leaves the payment alone when it does not cancel', () => {
    expect(moveStatus(state('processing', 'paid'), 'shipped')).toEqual(state('shipped', 'paid'));
  });

  it('names the allowed moves when it refuses one', () => {
    const problem = refusal(() => moveStatus(state('processing', 'paid'), 'delivered'));
    expect([problem.status, problem.code, problem.extensions]).toEqual([
      409,
      'move-not-allowed',
      { field: 'status', from: 'processing', to: 'delivered', allowed: ['shipped', 'cancelled'] },
    ]);
    expect(refusal(() => moveStatus(state('delivered', 'paid'), 'cancelled')).extensions['allowed']).toEqual([]);
  });
});

describe('movePayment', () => {
  it('allows exactly the moves of a payment', () => {
    const pairs = paymentStatuses.flatMap((from) => paymentStatuses.map((to) => [from, to] as const));
    const allowed = pairs.filter(([from, to]) => isAllowed(() => movePayment(state('pending', from), to)));
    expect(allowed).toEqual([
      ['pending', 'paid'],
      ['pending', 'failed'],
      ['paid', 'refunded'],
    ]);
  });

  it.each(orderStatuses)('leaves a %s order where it is', (status) => {
    expect(movePayment(state(status, 'paid'), 'refunded')).toEqual(state(status, 'refunded'));
  });

  it('takes no payment for a cancelled order, which may only fail', () => {
    const problem = refusal(() => movePayment(state('cancelled', 'pending'), 'paid'));
    expect([problem.status, problem.extensions['allowed']]).toEqual([409, ['failed']]);
    expect(movePayment(state('cancelled', 'pending'), 'failed')).toEqual(state('cancelled', 'failed'));
  });
});
