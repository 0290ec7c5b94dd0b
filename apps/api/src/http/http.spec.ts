import { newRequestContext } from '@app/common';
import { clientProblem } from './client-error.js';
import { matchesEtag } from './conditional-get.js';
import { requestIdOf, serverTiming } from './request-lifecycle.js';
import { idParameter, integerParameter, line, money, numberParameter, text } from './schema.js';

describe('requestIdOf', () => {
  it('keeps a harmless id and replaces any other', () => {
    expect(requestIdOf({ headers: { 'x-request-id': 'a.B-9_' } })).toBe('a.B-9_');
    for (const given of ['a b', 'x'.repeat(129), 'a\nb', '']) {
      expect(requestIdOf({ headers: { 'x-request-id': given } })).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('serverTiming', () => {
  it('tells the whole, the database with its statements, and the cache', () => {
    const context = { ...newRequestContext('id', 100), queryCount: 1, queryMs: 1.25, cacheMs: 0 };
    expect(serverTiming(context, 104.5)).toBe('total;dur=4.5, db;dur=1.3;desc="1 query", cache;dur=0.0');
  });
});

describe('matchesEtag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", W/"a"', true],
    ['*', true],
    ['"b"', false],
    ['', false],
  ])('%s against W/"a": %s', (header, expected) => {
    expect(matchesEtag(header, 'W/"a"')).toBe(expected);
  });
});

describe('parameters', () => {
  it.each(['', ' 1', '1.0', '1e3', '0x1', '٣', '-0x1', '9007199254740993'])('refuses %j as a whole number', (value) => {
    expect(idParameter.safeParse(value).success).toBe(false);
  });

  it('takes plain digits within the range', () => {
    expect(idParameter.parse('9007199254740991')).toBe(9_007_199_254_740_991);
    expect(integerParameter(0, 9).safeParse('10').success).toBe(false);
    expect(numberParameter(0, 100).parse('10.25')).toBe(10.25);
  });

  it('takes money with two decimals at most', () => {
    for (const good of [0, 0.1, 19.99, 1.15, 99_999_999.99]) expect(money.safeParse(good).success).toBe(true);
    for (const bad of [0.001, -1, 100_000_000, Number.NaN]) expect(money.safeParse(bad).success).toBe(false);
  });

  it('refuses control characters and broken Unicode', () => {
    expect(line(10).safeParse('a\tb').success).toBe(false);
    expect(text(10).safeParse('a\tb\n').success).toBe(true);
    for (const bad of ['a\u0000', '\ud800', '\u0085']) expect(text(10).safeParse(bad).success).toBe(false);
  });
});

describe('clientProblem', () => {
  it.each([
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', 'request-timeout'],
    ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large', 'headers-too-large'],
    ['HPE_INVALID_METHOD', '400 Bad Request', 'malformed-request'],
    [undefined, '400 Bad Request', 'malformed-request'],
  ])('answers %s with %s, as a problem', (code, status, kind) => {
    const [head = '', body = ''] = clientProblem(code).split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual([
      `HTTP/1.1 ${status}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ]);
    expect(JSON.parse(body)).toMatchObject({ type: `https://techmart.dev/problems/${kind}`, status: Number(status.slice(0, 3)) });
  });
});
