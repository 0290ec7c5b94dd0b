import { randomBytes } from 'node:crypto';

const marks = /[\u0300-\u036f]/g;
const lettersWithoutAccent: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', ø: 'o', œ: 'oe', đ: 'd', ł: 'l', þ: 'th', ð: 'd' };

/** What an address is made of: small letters and digits, joined by single hyphens. */
export const slugPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** A name as part of an address, of at most `max` characters; `fallback` when the name has no letter or digit that fits. */
export function slugify(name: string, max: number, fallback: string): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(marks, '')
    .toLowerCase()
    .replaceAll(/[ßæøœđłþð]/g, (letter) => lettersWithoutAccent[letter] ?? '')
    .replaceAll(/['’]/g, '');
  const slug = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, max)
    .replace(/-$/, '');
  return slug === '' ? fallback : slug;
}

/** The same slug with random letters after it, for when it is taken. */
export const distinctSlug = (slug: string, max: number): string =>
  `${slug.slice(0, max - 9).replace(/-$/, '')}-${randomBytes(4).toString('hex')}`;
