import { randomInt } from 'node:crypto';

/** What is kept of a parameter: what kind of value it was, and a mark that is equal for equal values. Never the value. */
export interface MaskedParameter {
  /** `null`, `boolean`, `integer`, `number`, `text(24)` with its length, `array(3)`, `json`, `date`, `bytes(16)`. */
  readonly type: string;
  /** Eight hexadecimal digits; comparable within one process only. */
  readonly mark: string;
}

/** Parameters of one execution, masked: three numbers for each (type, size, mark), and one for all of them together. */
export interface MaskedParameters {
  readonly key: number;
  readonly packed: readonly number[];
}

const types = ['null', 'boolean', 'integer', 'number', 'text', 'array', 'json', 'date', 'bytes'] as const;
const sized = new Set<string>(['text', 'array', 'bytes']);

const prime = 0x01_00_01_93;

/** 53 bits, as many as a number holds exactly. */
const join = (high: number, low: number): number => (high & 0x1f_ff_ff) * 2 ** 32 + (low >>> 0);

/** Longer values are told apart by their length and this much of both ends. */
const hashedLength = 4096;

function typeOf(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'number' || typeof value === 'bigint') return typeof value === 'bigint' || Number.isInteger(value) ? 2 : 3;
  if (typeof value === 'string') return 4;
  if (Array.isArray(value)) return 5;
  if (value instanceof Date) return 7;
  return ArrayBuffer.isView(value) ? 8 : 6;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);

function textOf(value: unknown, type: number): string {
  if (type === 4) return value as string;
  if (type === 8) return bytesOf(value as Uint8Array).toString('latin1');
  if (type === 5 || type === 6) return stringify(value);
  return type === 7 ? String((value as Date).getTime()) : String(value);
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Cyclic, or a bigint inside: the driver refuses most of them as well.
    return String(value);
  }
}

const sizeOf = (value: unknown, type: number): number =>
  type === 4 || type === 5 ? (value as string).length : type === 8 ? (value as Uint8Array).byteLength : 0;

/**
 * Turns parameters into something that can be compared but not read. FNV-1a (draft-eastlake-fnv) in two lanes with a secret seed that
 * lives as long as the process: whoever sees the marks cannot try values against them. About 2 ns a character.
 */
export class ParameterMask {
  constructor(private readonly seed: number = randomInt(2 ** 31)) {}

  /** `salt` tells statements apart: with it the key is that of the statement with these parameters. 32 bits. */
  mask(parameters: readonly unknown[], salt = 0): MaskedParameters {
    const packed: number[] = [];
    let [keyHigh, keyLow] = [this.seed ^ salt, parameters.length ^ Math.imul(salt, prime)];
    for (const value of parameters) {
      const type = typeOf(value);
      const [high, low] = this.hash(textOf(value, type), type);
      packed.push(type, sizeOf(value, type), low);
      keyHigh = Math.imul(keyHigh ^ high, prime);
      keyLow = Math.imul(keyLow ^ low ^ keyHigh, prime);
    }
    return { key: join(keyHigh, keyLow), packed };
  }

  /** A mark for a whole result: equal rows give equal marks. Costs a serialisation of the rows. */
  markOf(rows: readonly unknown[]): number {
    const text = stringify(rows);
    const [high, low] = this.hash(text, text.length);
    return join(high, low);
  }

  private hash(text: string, salt: number): [high: number, low: number] {
    let high = 0x81_1c_9d_c5 ^ this.seed;
    let low = 0x81_1c_9d_c5 ^ salt;
    const short = text.length <= 2 * hashedLength ? text : `${text.slice(0, hashedLength)}${text.length}${text.slice(-hashedLength)}`;
    for (let index = 0; index < short.length; index += 1) {
      const code = short.charCodeAt(index);
      high = Math.imul(high ^ code, prime);
      low = Math.imul(low ^ high ^ code, prime);
    }
    return [high >>> 0, low >>> 0];
  }
}

/** The masked parameters for people. */
export function describeParameters({ packed }: MaskedParameters): MaskedParameter[] {
  const described: MaskedParameter[] = [];
  for (let index = 0; index < packed.length; index += 3) {
    const [type = 0, size = 0, mark = 0] = packed.slice(index, index + 3);
    const name = types[type] ?? 'null';
    described.push({ type: sized.has(name) ? `${name}(${size})` : name, mark: mark.toString(16).padStart(8, '0') });
  }
  return described;
}
