import { mergeLines, newOrderNumber, requestHash } from './order-request.js';

describe('mergeLines', () => {
  it('adds up the lines of one product and sorts by product id', () => {
    const lines = [
      { product_id: 10, quantity: 1 },
      { product_id: 9, quantity: 2 },
      { product_id: 10, quantity: 3 },
      { product_id: 100, quantity: 1 },
    ];
    expect(mergeLines(lines)).toEqual([
      { product_id: 9, quantity: 2 },
      { product_id: 10, quantity: 4 },
      { product_id: 100, quantity: 1 },
    ]);
  });

  it('leaves what it was given as it was', () => {
    const lines = Object.freeze([Object.freeze({ product_id: 2, quantity: 1 }), Object.freeze({ product_id: 1, quantity: 1 })]);
    expect(mergeLines(lines).map((line) => line.product_id)).toEqual([1, 2]);
  });
});

describe('newOrderNumber', () => {
  it('writes 65 random bits in the alphabet of Crockford', () => {
    expect(newOrderNumber()).toMatch(/^TM-[0-9A-HJKMNP-TV-Z]{13}$/);
    // (i * 20) mod 32 for i from 0 to 12: 0 20 8 28 16 4 24 12 0 20 8 28 16.
    expect(newOrderNumber(() => Uint8Array.from({ length: 13 }, (_, i) => i * 20))).toBe('TM-0M8WG4RC0M8WG');
  });

  it('does not repeat itself', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newOrderNumber())).size).toBe(10_000);
  });
});

describe('requestHash', () => {
  it('differs for any other request and is the same for the same one', () => {
    const request = { items: [{ product_id: 1, quantity: 1 }], shipping_address: 'x' };
    expect(requestHash(request)).toEqual(requestHash(structuredClone(request)));
    expect(requestHash(request)).not.toEqual(requestHash({ ...request, items: [{ product_id: 1, quantity: 2 }] }));
    expect(requestHash(request)).toHaveLength(32);
  });
});
