import { Logger } from '@nestjs/common';
import { QueueWorker, type Queue } from './queue-worker.js';

/** Tasks that end when they are told to; all that a worker does to it is in `log`. */
class MemoryQueue implements Queue<string, string> {
  readonly name = 'memory';
  readonly log: string[] = [];
  readonly waiting: string[] = [];
  isDown = false;
  private readonly ends = new Map<string, (outcome: string) => void>();

  async take(): Promise<string[]> {
    if (this.isDown) throw new Error('the database is away');
    this.log.push('take');
    return this.waiting.splice(0);
  }

  work(task: string): Promise<string> {
    this.log.push(`begin ${task}`);
    return new Promise((resolve) => this.ends.set(task, resolve));
  }

  async record(outcomes: readonly string[]): Promise<void> {
    if (this.isDown) throw new Error('the database is away');
    this.log.push(`record ${outcomes.join(', ')}`);
  }

  end(task: string): void {
    this.ends.get(task)?.(`${task} done`);
  }

  endAll(): void {
    for (const task of this.ends.keys()) this.end(task);
  }
}

describe('QueueWorker', () => {
  let queue: MemoryQueue;
  let worker: QueueWorker<string, string>;
  let stop: AbortController;
  let ended: Promise<void>;
  const logged: string[] = [];

  beforeEach(async () => {
    jest.useFakeTimers();
    logged.length = 0;
    for (const level of ['error', 'log'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((...given) => void logged.push(String(given.at(-1))));
    }
    queue = new MemoryQueue();
    worker = new QueueWorker(queue, 1000);
    stop = new AbortController();
    ended = worker.run(stop.signal);
    await jest.advanceTimersByTimeAsync(0);
  });

  afterEach(async () => {
    stop.abort();
    queue.endAll();
    await ended;
    jest.useRealTimers();
  });

  const pass = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  it('looks once in each interval while there is nothing to do', async () => {
    await pass(3500);
    expect(queue.log).toEqual(['take', 'take', 'take', 'take']);
  });

  it('looks at once when it is woken, and once more when it was woken while it looked', async () => {
    queue.waiting.push('a');
    worker.wake();
    await pass();
    expect(queue.log).toEqual(['take', 'take', 'begin a']);
    queue.end('a');
    await pass();
  });

  it('runs many at once, and writes down those that ended together before it takes more', async () => {
    queue.waiting.push('a', 'b', 'c');
    worker.wake();
    await pass();
    queue.end('a');
    queue.end('c');
    await pass();
    expect(queue.log.slice(1)).toEqual(['take', 'begin a', 'begin b', 'begin c', 'record a done, c done', 'take']);
    queue.end('b');
    await pass();
    expect(queue.log.at(-2)).toBe('record b done');
  });

  it('keeps an outcome until it can be written down, and tells of the outage once', async () => {
    queue.waiting.push('a');
    worker.wake();
    await pass();
    queue.isDown = true;
    queue.end('a');
    await pass(5000);
    expect(logged).toEqual(['memory: stands still until the database answers']);
    queue.isDown = false;
    await pass(1000);
    expect(queue.log.slice(3)).toEqual(['record a done', 'take']);
    expect(logged.slice(1)).toEqual(['memory: works again']);
  });

  it('outlives a task that breaks off', async () => {
    jest.spyOn(queue, 'work').mockRejectedValueOnce(new Error('a bug'));
    queue.waiting.push('a');
    worker.wake();
    await pass();
    expect(logged).toEqual(['memory: a task broke off']);
    queue.waiting.push('b');
    worker.wake();
    await pass();
    expect(queue.log.at(-1)).toBe('begin b');
    queue.end('b');
  });

  it('begins nothing once it was stopped, and ends when what runs is written down', async () => {
    queue.waiting.push('a');
    worker.wake();
    await pass();
    queue.waiting.push('b');
    let hasEnded = false;
    void ended.then(() => (hasEnded = true));
    stop.abort();
    worker.wake();
    await pass(5000);
    expect(hasEnded).toBe(false);
    queue.end('a');
    await ended;
    expect(queue.log).toEqual(['take', 'take', 'begin a', 'record a done']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends, too, when the last outcome cannot be written down', async () => {
    queue.waiting.push('a');
    worker.wake();
    await pass();
    queue.isDown = true;
    stop.abort();
    queue.end('a');
    await ended;
    expect(queue.log).not.toContain('record a done');
  });

  it('can be run again', async () => {
    stop.abort();
    await ended;
    stop = new AbortController();
    ended = worker.run(stop.signal);
    queue.waiting.push('a');
    worker.wake();
    await pass();
    queue.end('a');
    await pass();
    expect(queue.log.filter((line) => line === 'record a done')).toHaveLength(1);
  });
});
