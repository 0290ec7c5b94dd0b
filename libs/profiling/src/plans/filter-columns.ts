export interface FilterColumns {
  /** Columns and expressions compared with `=`, in the order of the filter, as an index names them. */
  readonly equal: readonly string[];
  /** Those compared with `<`, `>` and the like. */
  readonly range: readonly string[];
  /** A column that is searched with `LIKE '%…%'`. */
  readonly textSearch: string | undefined;
  /** What the filter asks of flags (`is_active`), as the condition of a partial index. */
  readonly predicate: string | undefined;
}

/** Parts of a text at depth 0 of its parentheses, outside quoted names. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') index = Math.max(index, text.indexOf('"', index + 1));
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (depth === 0 && text.startsWith(separator, index)) {
      parts.push(text.slice(start, index));
      start = index + separator.length;
    }
  }
  return [...parts, text.slice(start)];
}

/** Without the parentheses around all of it. */
function unwrap(text: string): string {
  let inner = text.trim();
  while (inner.startsWith('(') && closesAtEnd(inner)) inner = inner.slice(1, -1).trim();
  return inner;
}

function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1;
    if (text[index] === ')') depth -= 1;
    if (depth === 0) return index === text.length - 1;
  }
  return false;
}

const name = String.raw`(?:\w+\.)?(?<column>"[^"]+"|[A-Za-z_]\w*)`;
const column = new RegExp(String.raw`^\(?${name}\)?(?:::[\w ]+)?$`);
const call = new RegExp(String.raw`^(?<function>\w+)\(\(?${name}\)?(?:::[\w ]+)?\)$`);
const comparison = /^(?<left>.+?) (?<operator>=|<=|>=|<|>|~~\*|~~) (?<right>.+)$/;

/** A column, or a function of one, as an index names it; undefined for anything else. */
function keyOf(expression: string): string | undefined {
  const text = unwrap(expression);
  const plain = column.exec(text)?.groups?.['column'];
  if (plain !== undefined) return plain;
  const called = call.exec(text)?.groups;
  return called && `${called['function']}(${called['column']})`;
}

/** Neither a sub-query nor another table: something that is known before the table is read. */
const isValue = (expression: string): boolean => !/\b(SubPlan|InitPlan|hashed)\b/.test(expression) && !column.test(unwrap(expression));

interface Parts {
  equal: string[];
  range: string[];
  textSearch?: string;
  predicates: string[];
}

function addCondition(condition: string, parts: Parts): void {
  const text = unwrap(condition);
  if (splitTop(text, ' OR ').length > 1) return;
  const flag = /^(?:NOT )?(?:\w+\.)?(\w+)$/.exec(text);
  const isNull = /^(.+) IS NULL$/.exec(text)?.[1];
  const compared = comparison.exec(text)?.groups;
  if (flag) parts.predicates.push(text.replace(/(?:\w+\.)(?=\w+$)/, ''));
  else if (isNull !== undefined) parts.equal.push(...[keyOf(isNull)].filter((key) => key !== undefined));
  else if (compared) addComparison(compared, parts);
}

function addComparison({ left = '', operator = '', right = '' }: Record<string, string | undefined>, parts: Parts): void {
  const key = keyOf(left);
  if (key === undefined || !isValue(right)) return;
  if (operator.startsWith('~~')) parts.textSearch ??= key;
  else if (operator === '=') parts.equal.push(key);
  else parts.range.push(key);
}

/**
 * What a plan's filter (`((is_active) AND (category_id = ?) AND (price > ?))`) says about single columns. Undefined when its conditions
 * are alternatives (`OR`), which one index does not serve. Conditions that it does not understand are left to the filter.
 */
export function columnsOf(filter: string): FilterColumns | undefined {
  const text = unwrap(filter);
  if (splitTop(text, ' OR ').length > 1) return undefined;
  const parts: Parts = { equal: [], range: [], predicates: [] };
  for (const condition of splitTop(text, ' AND ')) addCondition(condition, parts);
  const { equal, range, predicates } = parts;
  return {
    equal: [...new Set(equal)],
    range: [...new Set(range)].filter((key) => !equal.includes(key)),
    textSearch: equal.length + range.length === 0 ? parts.textSearch : undefined,
    predicate: predicates.length > 0 ? predicates.join(' AND ') : undefined,
  };
}
