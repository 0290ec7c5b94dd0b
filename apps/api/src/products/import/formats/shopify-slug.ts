import { createHash } from 'node:crypto';
import { slugify } from '../../../http/slug.js';

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
const hasOtherLetters = (text: string): boolean => /[^\p{ASCII}\p{M}]/u.test(text.normalize('NFKD').replaceAll(/[^\p{L}\p{M}\p{N}]/gu, ''));

/**
 * The same text gives the same slug every time, so that a file that comes again finds its products. Handles may be of any script and
 * length: what a slug cannot hold is told apart by a fingerprint of the whole.
 */
export function stableSlug(text: string, max: number): string {
  const ascii = slugify(text, Number.MAX_SAFE_INTEGER, '');
  if (ascii.length <= max && ascii !== '' && !hasOtherLetters(text)) return ascii;
  const kept = ascii.slice(0, max - 9).replace(/-$/, '');
  return [kept, fingerprint(text)].filter((part) => part !== '').join('-');
}
