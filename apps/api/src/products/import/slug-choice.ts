import { createHash } from 'node:crypto';
import { slugify } from '../../http/slug.js';

const MAX = 200;

const ending = (slug: string, end: string): string => `${slug.slice(0, MAX - end.length - 1).replace(/-+$/, '')}-${end}`;

/**
 * The slugs that a new product may have when it asks for one that others may have too: as it is, with the SKU, with a fingerprint of the
 * SKU. Nothing in them is random: a dry run finds what the import will.
 */
export function slugChoices(wanted: string, sku: string): readonly [string, string, string] {
  const fingerprint = createHash('sha256').update(sku).digest('hex').slice(0, 12);
  return [wanted, ending(wanted, slugify(sku, 60, fingerprint)), ending(wanted, fingerprint)];
}

/** What a product without a slug asks for. */
export const slugOfName = (name: string, sku: string): string => slugify(name, MAX, slugify(sku, MAX, 'product'));
