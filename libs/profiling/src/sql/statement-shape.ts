const name = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)`;
const qualified = String.raw`${name}(?:\.${name})*`;

// A name with a parenthesis after it is a function. After INTO it is a table with its columns.
const tables = new RegExp(
  String.raw`\b(?:(?:from|join|update)\s+(?:only\s+)?(?<read>${qualified})(?!\s*\(|[\w."])|into\s+(?<written>${qualified}))`,
  'gi',
);
const lookups = new RegExp(String.raw`(?<![\w"])(?<column>${qualified})(?:::[\w ]+)?\s*=\s*(?:any\s*\(\s*)?\?`, 'gi');
const notTables = new Set(['lateral', 'unnest', 'select', 'of']);

export interface StatementShape {
  /** Tables in the order in which they appear, without quotes; names of `WITH` parts are left out. */
  readonly tables: readonly string[];
  /** Columns that are compared with a value, without their table. */
  readonly lookups: readonly string[];
}

const bare = (identifier: string): string => identifier.replaceAll('"', '');
const last = (identifier: string): string => bare(identifier).split('.').at(-1) ?? '';

/** What a normalised statement reads or writes, as far as its text shows; enough to word advice, not to rewrite it. */
export function shapeOf(text: string): StatementShape {
  const parts = new Set(
    [
      ...text.matchAll(new RegExp(String.raw`(?:\bwith(?:\s+recursive)?|,)\s+(${name})\s+as\s+(?:not\s+)?(?:materialized\s+)?\(`, 'gi')),
    ].map(([, part = '']) => bare(part)),
  );
  const found = [...text.matchAll(tables)].map(({ groups = {} }) => bare(groups['read'] ?? groups['written'] ?? ''));
  const columns = [...text.matchAll(lookups)].map(({ groups = {} }) => last(groups['column'] ?? ''));
  return {
    tables: [...new Set(found)].filter((table) => !parts.has(table) && !notTables.has(table.toLowerCase())),
    lookups: [...new Set(columns)],
  };
}
