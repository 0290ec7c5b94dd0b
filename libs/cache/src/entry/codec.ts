import { freezeAndMeasure } from './freeze.js';

export interface Decoded {
  readonly value: unknown;
  /** What the value takes in memory, roughly. */
  readonly bytes: number;
}

/** How a value travels to Redis and back. What `decode` gives is shared by all callers, so it is frozen or never changed. */
export interface Codec {
  /** Throws when the value cannot be kept. */
  encode(value: unknown): Buffer;
  /** Throws when the bytes are not what `encode` made. */
  decode(payload: Buffer): Decoded;
}

export const jsonCodec: Codec = {
  encode(value) {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON`);
    return Buffer.from(text);
  },
  decode(payload) {
    const value: unknown = JSON.parse(payload.toString());
    return { value, bytes: freezeAndMeasure(value) };
  },
};
