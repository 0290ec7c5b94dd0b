import { z } from 'zod';
import { slugPattern } from './slug.js';

// Control characters have no place in names and texts, and NUL cannot be stored at all. A text may hold tab, line feed and
// carriage return; a line may not.
// oxlint-disable-next-line no-control-regex -- they are what it refuses
const lineCharacters = /^[^\u0000-\u001f\u007f-\u009f]*$/;
// oxlint-disable-next-line no-control-regex -- they are what it refuses
const textCharacters = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$/;
const bareText = 'must not contain control characters';
const wellFormed = (value: string): boolean => value.isWellFormed();

/** One line of text without control characters, of `min` to `max` characters. */
export const line = (max: number, min = 1) =>
  z.string().min(min).max(max).regex(lineCharacters, bareText).refine(wellFormed, 'must be valid Unicode');

/** Like `line`, with line breaks and tabs. */
export const text = (max: number, min = 1) =>
  z.string().min(min).max(max).regex(textCharacters, bareText).refine(wellFormed, 'must be valid Unicode');

/** A part of an address, as `slugify` makes it. */
export const slug = (max: number) => z.string().max(max).regex(slugPattern, 'only small letters, digits and single hyphens between them');

const fromText = (pattern: RegExp) => (value: unknown) => (typeof value === 'string' && pattern.test(value) ? Number(value) : value);

/** A whole number as a query or path parameter carries it. Nothing but digits is taken: no `1e3`, no `0x10`, no blank. */
export const integerParameter = (min: number, max: number) =>
  z.preprocess(fromText(/^-?\d{1,16}$/), z.number('must be a whole number').int('must be a whole number').min(min).max(max));

/** A decimal number as a query parameter carries it. */
export const numberParameter = (min: number, max: number) =>
  z.preprocess(fromText(/^-?\d{1,15}(\.\d{1,30})?(e[+-]?\d{1,3})?$/i), z.number('must be a number').min(min).max(max));

export const booleanParameter = () =>
  z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean('must be true or false'));

/** Ids are positive and below 2^53, so that every JSON reader keeps them whole. */
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
export const idParameter = integerParameter(1, Number.MAX_SAFE_INTEGER);

/** An amount of money: at most two decimals, what `numeric(10,2)` holds. */
export const money = z
  .number()
  .min(0)
  .max(99_999_999.99)
  .refine((value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6, 'must have at most two decimals');

export const timestamp = z.iso.datetime().meta({ examples: ['2026-01-31T12:00:00.000Z'] });

/** How a `Date` appears on the wire; the type of an answer's field before it is serialised. */
export const answeredTimestamp = z.custom<Date>().meta({ type: 'string', format: 'date-time' });
