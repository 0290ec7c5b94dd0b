/** pgbench looks for its variables inside of literals too, and would take the minutes of a time for one. */
function quote(text) {
  const quoted = text.replaceAll("'", "''");
  return /:\w/.test(text) ? `E'${quoted.replaceAll('\\', '\\\\').replaceAll(':', '\\x3a')}'` : `'${quoted}'`;
}

/** The elements of an array of numbers as the driver writes it, `{"1","2"}`; undefined for any other text. */
const elementsOf = (text) => (/^\{"\d+"(,"\d+")*\}$/.test(text) ? text.slice(1, -1).replaceAll('"', '').split(',') : undefined);

/** A parameter as an expression: the literal, with what differs from one transaction to the next put in. */
function expressionOf(parameter, type, variables) {
  if (parameter === null) return `NULL::${type}`;
  const elements = type.endsWith('[]') ? elementsOf(parameter) : undefined;
  if (elements) return `ARRAY[${elements.map((element) => valueOf(element, variables)).join(', ')}]::${type}`;
  return `(${valueOf(parameter, variables)})::${type}`;
}

function valueOf(text, variables) {
  const whole = variables.find(({ value }) => value === text);
  if (whole) return whole.expression;
  const inside = variables.filter(({ value, isText }) => isText && text.includes(value));
  return inside.reduce((sql, { value, expression }) => `replace(${sql}, ${quote(value)}, (${expression})::text)`, quote(text));
}

/** `$1` and so on become expressions. Throws when the text holds what pgbench would take for a variable of its own. */
function statementOf({ text, parameters, types }, variables) {
  if (/(?<![:\w]):[A-Za-z_]/.test(text)) throw new Error(`pgbench would misread this statement:\n${text}`);
  const sql = text.replaceAll(/\$(\d+)/g, (_, number) => expressionOf(parameters[number - 1], types[number - 1], variables));
  return `${sql.trim()};`;
}

/**
 * A script for pgbench that issues the statements of one recorded transaction again, in their order. `variables` tell what varies:
 * `value` as it was recorded, `expression` to stand for it, and whether it occurs inside of texts. `settings` are pgbench's own lines.
 */
export function pgbenchScript({ statements, variables, settings }) {
  return `${[...settings.map((line) => `\\set ${line}`), ...statements.map((statement) => statementOf(statement, variables))].join('\n')}\n`;
}

/** The types that PostgreSQL gives to the parameters of a statement. */
export async function withTypes(copy, { text, parameters }) {
  await copy.query(`PREPARE replayed AS ${text}`);
  const [{ types }] = await copy.query(`SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = 'replayed'`);
  await copy.query('DEALLOCATE replayed');
  return { text, parameters, types };
}

/** Transactions a second, and how many there were. */
export function parsePgbench(output) {
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? NaN);
  const transactions = number(/number of transactions actually processed: (\d+)/);
  const failed = number(/number of failed transactions: (\d+)/);
  if (Number.isNaN(transactions)) throw new Error(`pgbench told no figures:\n${output}`);
  return { transactions, failed: failed || 0, perSecond: number(/tps = ([\d.]+)/) };
}
