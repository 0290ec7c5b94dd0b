/** Objects of one kind in a heap snapshot. */
export interface ObjectCount {
  /** `object`, `closure`, `string`, `array`, … as V8 names them. */
  readonly type: string;
  /** The constructor of an object, the name of a function; empty for types whose name would be data. */
  readonly name: string;
  readonly count: number;
  /** Of the objects themselves, without what they refer to. */
  readonly bytes: number;
}

/** Of other types the name is the value itself (a string's text), which is none of the reader's business. */
const named = new Set(['object', 'closure', 'native']);

interface Tally {
  readonly type: number;
  readonly name: number;
  count: number;
  bytes: number;
}

const nodesMark = '"nodes":[';
const stringsMark = '"strings":[';
const [quote, backslash, comma, bracket, zero, nine] = ['"', '\\', ',', ']', '0', '9'].map((character) => character.charCodeAt(0)) as [
  number, number, number, number, number, number,
]; // prettier-ignore

/**
 * Reads a snapshot from front to back, in the pieces in which it comes: description, rows of numbers for the nodes, edges (skipped),
 * strings. It is as large as the heap itself, so no part of it is kept but the tallies.
 */
class SnapshotParser {
  private readonly tallies = new Map<number, Tally>();
  private readonly names = new Map<number, string>();
  private types: readonly string[] = [];
  private columns = { type: 0, name: 0, size: 0, length: 1 };
  private read: (piece: string, from: number) => number = (piece) => this.readDescription(piece);
  private tail = '';
  private row: number[] = [];
  private digits = 0;
  private text: string | undefined;
  private isEscaped = false;
  private stringIndex = 0;
  private wanted = new Set<number>();

  write(piece: string): void {
    for (let from = 0; from < piece.length;) from = this.read(piece, from);
  }

  result(limit: number): ObjectCount[] {
    if (this.stringIndex === 0) throw new Error('the heap snapshot is not whole');
    return [...this.tallies.values()]
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, limit)
      .map(({ type, name, count, bytes }) => ({ type: this.types[type] ?? '', name: this.names.get(name) ?? '', count, bytes }));
  }

  private readDescription(piece: string): number {
    const before = this.tail.length;
    this.tail += piece;
    const end = this.tail.indexOf(nodesMark);
    if (end < 0) return piece.length;
    const { snapshot } = JSON.parse(`${this.tail.slice(0, end)}"nodes":[]}`) as {
      snapshot: { meta: { node_fields: string[]; node_types: [string[]] } };
    };
    const { node_fields: fields, node_types: types } = snapshot.meta;
    [this.types] = types;
    this.columns = { type: fields.indexOf('type'), name: fields.indexOf('name'), size: fields.indexOf('self_size'), length: fields.length };
    this.read = (next, from) => this.readNodes(next, from);
    this.tail = '';
    return end + nodesMark.length - before;
  }

  private readNodes(piece: string, from: number): number {
    for (let index = from; index < piece.length; index += 1) {
      const code = piece.charCodeAt(index);
      if (code >= zero && code <= nine) this.digits = this.digits * 10 + code - zero;
      else if (code === comma || code === bracket) this.endNumber();
      if (code !== bracket) continue;
      this.chooseNames();
      this.read = (next, at) => this.skipToStrings(next, at);
      return index + 1;
    }
    return piece.length;
  }

  private endNumber(): void {
    this.row.push(this.digits);
    this.digits = 0;
    if (this.row.length < this.columns.length) return;
    const type = this.row[this.columns.type] ?? 0;
    const name = named.has(this.types[type] ?? '') ? (this.row[this.columns.name] ?? -1) : -1;
    const key = type * 2 ** 40 + name;
    const tally = this.tallies.get(key) ?? { type, name, count: 0, bytes: 0 };
    tally.count += 1;
    tally.bytes += this.row[this.columns.size] ?? 0;
    this.tallies.set(key, tally);
    this.row.length = 0;
  }

  private chooseNames(): void {
    this.wanted = new Set([...this.tallies.values()].map(({ name }) => name));
  }

  private skipToStrings(piece: string, from: number): number {
    const before = this.tail.length;
    const joined = this.tail + piece.slice(from);
    const at = joined.indexOf(stringsMark);
    this.tail = at < 0 ? joined.slice(-stringsMark.length) : '';
    if (at < 0) return piece.length;
    this.read = (next, start) => this.readStrings(next, start);
    return from + at + stringsMark.length - before;
  }

  private readStrings(piece: string, from: number): number {
    let start = from;
    for (let index = from; index < piece.length; index += 1) {
      const code = piece.charCodeAt(index);
      if (this.isEscaped) this.isEscaped = false;
      else if (code === backslash && this.text !== undefined) this.isEscaped = true;
      else if (code === quote) {
        if (this.text === undefined) this.text = '';
        else this.endString(this.text + piece.slice(start, index));
        start = index + 1;
      }
    }
    // Only strings that are wanted are put together.
    if (this.text !== undefined && this.wanted.has(this.stringIndex)) this.text += piece.slice(start);
    return piece.length;
  }

  private endString(text: string): void {
    if (this.wanted.has(this.stringIndex)) this.names.set(this.stringIndex, (JSON.parse(`"${text}"`) as string).slice(0, 100));
    this.stringIndex += 1;
    this.text = undefined;
  }
}

/** Objects of a snapshot by type and constructor, most bytes first. Takes about a second per 100 MB, in small pieces. */
export async function countObjects(snapshot: AsyncIterable<unknown>, limit: number): Promise<ObjectCount[]> {
  const parser = new SnapshotParser();
  for await (const piece of snapshot) parser.write(String(piece));
  return parser.result(limit);
}
