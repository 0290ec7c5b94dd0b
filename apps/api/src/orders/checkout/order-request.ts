import { createHash, randomBytes } from 'node:crypto';

export interface OrderLine {
  readonly product_id: number;
  readonly quantity: number;
}

/** One line per product, in ascending product id: the order in which stock is taken. */
export function mergeLines(lines: readonly OrderLine[]): OrderLine[] {
  const quantities = new Map<number, number>();
  for (const { product_id, quantity } of lines) quantities.set(product_id, (quantities.get(product_id) ?? 0) + quantity);
  return [...quantities].map(([product_id, quantity]) => ({ product_id, quantity })).sort((a, b) => a.product_id - b.product_id);
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `TM-` and 13 characters of Crockford's base 32: 65 random bits, so that no number tells of another, or of how many there are. */
export function newOrderNumber(random: (size: number) => Uint8Array = randomBytes): string {
  return `TM-${Array.from(random(13), (byte) => crockford[byte % 32]).join('')}`;
}

/** Tells whether two requests under one key are the same. `request` has passed its schema, which puts its fields in one order. */
export const requestHash = (request: unknown): Buffer => createHash('sha256').update(JSON.stringify(request)).digest();
