import { requestFinished } from '@app/common';
import pino from 'pino';
import { logRequests } from './request-log.js';

describe('logRequests', () => {
  let lines: Record<string, unknown>[];
  let now: number;
  let stop: () => void;
  beforeEach(() => {
    lines = [];
    now = 5000;
    const logger = pino(
      { base: null, timestamp: false },
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    stop = logRequests(logger, { monotonic: () => now });
  });
  afterEach(() => stop());

  const answer = (times: number, statusCode = 200): void => {
    for (let n = 0; n < times; n += 1)
      requestFinished.publish({
        request: undefined,
        method: 'GET',
        route: '/products/:id',
        statusCode,
        durationMs: 1.26,
        responseBytes: 7,
      });
  };

  it('writes a line for every answer while it is quiet', () => {
    answer(100);
    now = 6000;
    answer(100);
    expect(lines).toHaveLength(200);
    expect(lines.at(-1)).toEqual({
      level: 30,
      msg: 'request',
      method: 'GET',
      route: '/products/:id',
      status: 200,
      duration_ms: 1.3,
      response_bytes: 7,
    });
  });

  it('writes a tenth of what succeeds beyond a hundred a second, and says so', () => {
    answer(1100);
    expect(lines).toHaveLength(200);
    expect(lines.filter(({ sampled }) => sampled === 0.1)).toHaveLength(100);
    now = 5999;
    answer(10, 304);
    expect(lines).toHaveLength(201);
    now = 6000;
    answer(1);
    expect(lines.at(-1)).not.toHaveProperty('sampled');
  });

  it.each([
    [404, 30],
    [500, 50],
  ])('writes every %i, however busy it is', (status, level) => {
    answer(500);
    lines.length = 0;
    answer(50, status);
    expect(lines.map((line) => [line['level'], line['sampled']])).toEqual(Array.from({ length: 50 }, () => [level, undefined]));
  });

  it.each([429, 503])('writes a tenth of the refusals of a busy second: %i', (status) => {
    answer(1100, status);
    expect(lines).toHaveLength(200);
  });

  it('writes nothing when it has been stopped', () => {
    stop();
    answer(1);
    expect(lines).toEqual([]);
  });
});
