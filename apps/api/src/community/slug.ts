const marks = /[\u0300-\u036f]/g;
const separators = /[^\p{L}\p{M}\p{N}]+/gu;

/**
 * A title as a part of an address: `Así suena: 3 auriculares` becomes `asi-suena-3-auriculares`. Letters of any script stay. Empty
 * when there is no letter or digit in it. At most `max` characters, as PostgreSQL counts them, never ending within one.
 */
export function slugOf(title: string, max: number): string {
  const plain = title.normalize('NFKD').replace(marks, '').toLowerCase().normalize('NFKD').replace(marks, '').normalize('NFC');
  const words = plain.replace(separators, '-').replace(/^-/, '');
  return Array.from(words).slice(0, max).join('').replace(/-$/, '');
}
