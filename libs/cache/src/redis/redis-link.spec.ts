import { stat } from 'node:fs/promises';
import { RedisLink } from './redis-link.js';

const clientOf = (sendCommand: () => Promise<unknown>) => ({ isReady: true, sendCommand, on: () => undefined, off: () => undefined });

/** Keeps the process so busy that no event is handled. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a command to Redis', () => {
  it('is not late when its answer came in time and only this process was too busy to read it', async () => {
    // Delivered by the event loop's look at its sockets and files, as an answer of Redis is.
    const link = new RedisLink({ client: clientOf(() => stat('.')), deadlineMs: 20 });
    const answer = link.send(['PING']);
    block(100);
    await expect(answer).resolves.toBeDefined();
    expect(link.stats.timeouts).toBe(0);
  });

  it('is given its time once more when this process could not even send it', async () => {
    // The client writes when the event loop gets there, and the answer takes a moment.
    const slow = () => new Promise((resolve) => setImmediate(() => setTimeout(() => resolve('PONG'), 15)));
    const link = new RedisLink({ client: clientOf(slow), deadlineMs: 50 });
    const answer = link.send(['PING']);
    block(150);
    await expect(answer).resolves.toBe('PONG');
    expect(link.stats.timeouts).toBe(0);
  });

  it('is late when there is no answer by then', async () => {
    const link = new RedisLink({ client: clientOf(() => new Promise(() => undefined)), deadlineMs: 5 });
    await expect(link.send(['PING'])).rejects.toThrow('no answer within 5 ms');
    expect(link.stats).toMatchObject({ commands: 1, timeouts: 1, errors: 1 });
  });
});
