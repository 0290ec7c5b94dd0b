import { parseRedisCpu } from './redis.mjs';

describe('parseRedisCpu', () => {
  it('adds up system and user time of the server, not of its children', () => {
    const info =
      '# CPU\r\nused_cpu_sys:1.500000\r\nused_cpu_user:2.250001\r\nused_cpu_sys_children:9.000000\r\nused_cpu_user_children:9.000000\r\n';
    expect(parseRedisCpu(info)).toBe(3_750_001);
  });

  it('is not a number for any other answer', () => {
    expect(parseRedisCpu('')).toBeNaN();
  });
});
