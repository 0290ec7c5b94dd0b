const objectBytes = 32;
const slotBytes = 16;

/**
 * Freezes a value made of plain objects, arrays and scalars, as JSON gives it, and estimates the memory it takes. An L1 hands the
 * same object to every caller: a caller that changed it would change it for all. Recurses: as deep as `JSON.parse` could build.
 */
export function freezeAndMeasure(value: unknown): number {
  if (typeof value === 'string') return slotBytes + value.length * (isNarrow(value) ? 1 : 2);
  if (typeof value !== 'object' || value === null) return slotBytes;
  let bytes = objectBytes;
  for (const part of Object.values(value)) bytes += slotBytes + freezeAndMeasure(part);
  Object.freeze(value);
  return bytes;
}

/** V8 keeps a string in one byte per character as long as all of them are Latin-1. Looks at the first ones only. */
function isNarrow(text: string): boolean {
  const end = Math.min(text.length, 64);
  for (let index = 0; index < end; index += 1) if (text.charCodeAt(index) > 255) return false;
  return true;
}
