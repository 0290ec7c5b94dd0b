import { createHash } from 'node:crypto';

export type StatementKind = 'select' | 'write' | 'transaction' | 'other';

export interface Normalised {
  /** The statement as written, on one line, with `?` for each value; safe to show. */
  readonly text: string;
  /** Equal for statements that differ in values, lengths of lists, case of words, white space and comments only. */
  readonly id: string;
  readonly kind: StatementKind;
}

/** Longer texts are told apart by their beginning: they are bulk loads, and reading all of one would hold the event loop. */
const maxLength = 16_384;

// One alternative per kind of token. Quoted things may end with the text, so that a cut one is not taken for words.
const tokens = new RegExp(
  [
    /(?<space>\s+|--[^\n]*)/,
    /(?<comment>\/\*)/,
    /(?<value>\$\d+|\$(?<tag>(?:[A-Za-z_]\w*)?)\$[^]*?(?:\$\k<tag>\$|$)|[eE]'(?:[^'\\]|''|\\[^])*(?:'|$)|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$)|\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?)/,
    /(?<name>"(?:[^"]|"")*(?:"|$))/,
    /(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/,
    /(?<mark>[^])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gy',
);

/** Comments nest in PostgreSQL. The position after the one that begins at `start`. */
function endOfComment(sql: string, start: number): number {
  const bounds = /\/\*|\*\//g;
  bounds.lastIndex = start;
  let depth = 0;
  for (let bound = bounds.exec(sql); bound; bound = bounds.exec(sql)) {
    depth += bound[0] === '/*' ? 1 : -1;
    if (depth === 0) return bounds.lastIndex;
  }
  return sql.length;
}

/** The statement in both of its forms: `shown` keeps case and spaces between words, `key` neither. */
function rewrite(sql: string): { shown: string; key: string } {
  let shown = '';
  let key = '';
  let isSpaced = false;
  let endsInWord = false;
  tokens.lastIndex = 0;
  for (let match = tokens.exec(sql); match?.groups; match = tokens.exec(sql)) {
    const { space, comment, value, word } = match.groups;
    if (comment !== undefined) tokens.lastIndex = endOfComment(sql, match.index);
    if (space !== undefined || comment !== undefined) {
      isSpaced = true;
      continue;
    }
    const token = value === undefined ? match[0] : '?';
    shown += isSpaced && shown !== '' ? ` ${token}` : token;
    // Two words need something between them; everything else stands for itself.
    const isWord = match.groups['mark'] === undefined;
    key += (endsInWord && isWord ? ' ' : '') + (word === undefined ? token : token.toLowerCase());
    endsInWord = isWord;
    isSpaced = false;
  }
  return { shown, key };
}

const negative = /([(,=<>*/+|[]\s?|\b(?:and|or|then|else|limit|offset|between|return|select)\s)-\s?\?/gi;
const list = /(\bin\s?\(|\barray\[)\s?\?(?:\s?,\s?\?)*\s?([)\]])/gi;
const rows = /(\bvalues\s?\([^()]*\))(?:\s?,\s?\([^()]*\))+/gi;

/** `-5` is a value like `5`; lists and rows of values count as one, however long. */
const collapse = (text: string): string => text.replaceAll(negative, '$1?').replaceAll(list, '$1?+$2').replaceAll(rows, '$1, …');

const transaction = /^(begin|start transaction|commit|rollback|savepoint|release|end|abort|set transaction|prepare transaction)\b/;
const write = /\b(insert into|delete from|merge into|(?<!for )(?<!no key )update)\b/;

function kindOf(key: string): StatementKind {
  if (transaction.test(key)) return 'transaction';
  if (/^(insert|update|delete|merge)\b/.test(key)) return 'write';
  if (/^with\b/.test(key)) return write.test(key) ? 'write' : 'select';
  return /^(\(*select|values|table)\b/.test(key) ? 'select' : 'other';
}

/** Linear in the length of the text, some 30 ns a character; `Fingerprints` remembers what it has seen. */
export function normalise(sql: string): Normalised {
  const { shown, key } = rewrite(sql.length > maxLength ? sql.slice(0, maxLength) : sql);
  const collapsed = collapse(key);
  const id = createHash('sha1').update(collapsed).digest('hex').slice(0, 16);
  return { text: collapse(shown).replace(/\s*;$/, ''), id, kind: kindOf(collapsed) };
}
