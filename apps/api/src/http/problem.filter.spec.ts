import { QueryFailedError } from 'typeorm';
import { toProblem } from './problem.filter.js';

const refused = (code: string) => new QueryFailedError('SELECT 1', [], Object.assign(new Error('refused by the database'), { code }));

describe('toProblem', () => {
  it.each([
    ['a deadlock', '40P01', 503, 'overloaded', '2'],
    ['a serialisation failure', '40001', 503, 'overloaded', '2'],
    ['a statement that took too long', '57014', 503, 'overloaded', '2'],
    ['a server that stops', '57P01', 503, 'database-unavailable', '2'],
    ['a full disk', '53100', 503, 'storage-exhausted', '60'],
    ['a server without memory', '53200', 503, 'storage-exhausted', '60'],
    ['an error in the SQL', '42601', 500, 'internal-error', undefined],
  ])('answers %s (%s) with %i %s, and says when to try again if that may help', (_, code, status, type, retryAfter) => {
    const problem = toProblem(refused(code));
    expect([problem.status, problem.code, problem.headers['retry-after']]).toEqual([status, type, retryAfter]);
  });
});
