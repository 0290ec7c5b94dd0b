import { totalmem } from 'node:os';
import { memoryLimitBytes } from './process.metrics.js';

describe('memoryLimitBytes', () => {
  it.each([
    ["the control group's limit", 268_435_456, 268_435_456],
    ["the machine's, where there is no other", undefined, totalmem()],
    ["the machine's, where the other is greater", totalmem() * 2, totalmem()],
  ])('is %s', (_case, memoryBytes, limit) => expect(memoryLimitBytes({ memoryBytes })).toBe(limit));
});
