import { Recording } from '../capture/recording.js';
import type { Outcome } from './endpoint-figures.js';
import { Outcomes } from './outcomes.js';

const finished = (durationMs: number, statusCode = 200) => ({
  request: undefined,
  method: 'GET',
  route: '/things',
  statusCode,
  durationMs,
  responseBytes: 0,
});

function drained(outcomes: Outcomes): Outcome[] {
  const taken: Outcome[] = [];
  outcomes.drain((outcome) => taken.push(outcome));
  return taken;
}

describe('Outcomes', () => {
  it('gives what was added in its order, once, and has room again', () => {
    const outcomes = new Outcomes(2);
    const recording = Object.assign(new Recording(0, false, false), { queryCount: 3, queryMs: 1.5 });
    outcomes.add('GET /things', finished(4.25), undefined);
    expect(outcomes.isFull).toBe(false);
    outcomes.add('POST /things', finished(7, 503), recording);
    expect(outcomes.isFull).toBe(true);
    expect(drained(outcomes)).toEqual([
      { endpoint: 'GET /things', durationMs: 4.25, statusCode: 200, queryCount: 0, queryMs: 0 },
      { endpoint: 'POST /things', durationMs: 7, statusCode: 503, queryCount: 3, queryMs: 1.5 },
    ]);
    expect([drained(outcomes), outcomes.isFull]).toEqual([[], false]);
    outcomes.add('GET /others', finished(1), undefined);
    expect(drained(outcomes)).toEqual([{ endpoint: 'GET /others', durationMs: 1, statusCode: 200, queryCount: 0, queryMs: 0 }]);
  });
});
