import { newRequestContext, type QueryFinished } from '@app/common';
import { Executions, type Execution } from './executions.js';

const query = (change: Partial<QueryFinished>): QueryFinished => ({
  text: 'SELECT 1',
  parameters: ['a value'],
  request: undefined,
  startedAt: 5,
  durationMs: 2.5,
  waitMs: 0.25,
  rowCount: 3,
  rows: [{}],
  readBytes: 100,
  isInTransaction: false,
  plan: undefined,
  site: undefined,
  error: undefined,
  ...change,
});

function drained(executions: Executions): Execution[] {
  const taken: Execution[] = [];
  executions.drain((execution) => taken.push(execution));
  return taken;
}

describe('Executions', () => {
  it('gives what was added in its order, once, and has room again', () => {
    const executions = new Executions(2);
    executions.add(query({}));
    expect(executions.isFull).toBe(false);
    const request = newRequestContext('r', 0, 'GET /things');
    executions.add(query({ text: 'SELECT 2', request, durationMs: 7, waitMs: 0, rowCount: 0, readBytes: 50, error: new Error('no') }));
    expect(executions.isFull).toBe(true);
    const first = {
      text: 'SELECT 1',
      endpoint: 'background',
      durationMs: 2.5,
      waitMs: 0.25,
      rowCount: 3,
      readBytes: 100,
      hasFailed: false,
    };
    expect(drained(executions)).toEqual([
      first,
      { text: 'SELECT 2', endpoint: 'GET /things', durationMs: 7, waitMs: 0, rowCount: 0, readBytes: 50, hasFailed: true },
    ]);
    expect([drained(executions), executions.isFull]).toEqual([[], false]);
    executions.add(query({}));
    expect(drained(executions)).toEqual([first]);
  });
});
