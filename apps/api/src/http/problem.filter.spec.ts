import { QueryFailedError } from 'typeorm';
import { toProblem } from './problem.filter.js';

const refused = (code: string) => new QueryFailedError('SELECT 1', [], Object.assign(new Error('refused by the database'), { code }));

describe('toProblem', () => {
  it.each([
    ['a deadlock', '40P01', 503, 'overloaded'],
    ['a serialisation failure', '40001', 503, 'overloaded'],
    ['a statement that took too long', '57014', 503, 'overloaded'],
    ['a server that stops', '57P01', 503, 'database-unavailable'],
    ['an error in the SQL', '42601', 500, 'internal-error'],
  ])('answers %s (%s) with %i %s, and says when to try again if that may help', (_, code, status, type) => {
    const problem = toProblem(refused(code));
    expect([problem.status, problem.code, problem.headers['retry-after']]).toEqual([status, type, status === 503 ? '2' : undefined]);
  });
});
