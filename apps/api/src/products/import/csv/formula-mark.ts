/** What a spreadsheet takes for a formula and runs when the file is opened (OWASP, CSV injection). */
const formula = /^'*[=+\-@\t\r\n＝＋－＠]/;
const markedFormula = /^'+[=+\-@\t\r\n＝＋－＠]/;

/** Puts an apostrophe before a text that begins like a formula, as spreadsheets do themselves; also where apostrophes lead already. */
export const withFormulaMark = (text: string): string => (formula.test(text) ? `'${text}` : text);

/** Takes away what `withFormulaMark` adds, and nothing else. */
export const withoutFormulaMark = (cell: string): string => (markedFormula.test(cell) ? cell.slice(1) : cell);
