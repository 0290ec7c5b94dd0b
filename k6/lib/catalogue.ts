// Words that the seeded catalogue contains: two of them at a time make a search that is neither empty nor everything.
const searches = [
  'wireless headphones', 'gaming laptop', 'leather case', 'digital camera', 'bluetooth speaker', 'portable charger', 'led monitor',
  'usb cable', 'car stereo', 'memory card', 'coffee maker', 'electric guitar', 'screen protector', 'home theater', 'smart watch', 'air conditioner',
]; // prettier-ignore

/** A number from 1 to n, small ones far more often: Zipf with exponent 1, by inversion of its continuous form. */
export function zipf(n: number): number {
  return Math.min(n, Math.floor(Math.exp(Math.random() * Math.log(n + 1))));
}

export const uniform = (n: number): number => 1 + Math.floor(Math.random() * n);

export function pick<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)];
}

/** A search as a shopper makes it: two words and filters; no two alike, so that nothing can answer from memory. */
export function search(facets: boolean): string {
  const from = Math.floor(Math.random() * 2000) / 10;
  return JSON.stringify({
    query: pick(searches),
    min_price: from,
    max_price: from + 1500,
    in_stock: true,
    ...(facets ? { facets: true } : {}),
  });
}
