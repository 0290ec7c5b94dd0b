import { Readiness } from './readiness.js';

describe('readiness', () => {
  it('wants no traffic until the work of a start is over, and then does', async () => {
    const readiness = new Readiness();
    let finish: () => void = () => undefined;
    const over = readiness.until('warm-up', new Promise<void>((resolve) => (finish = resolve)));
    expect(readiness.reason).toBe('warm-up');
    finish();
    await over;
    expect(readiness.reason).toBeUndefined();
  });

  it('is ready after work that failed, too', async () => {
    const readiness = new Readiness();
    await expect(readiness.until('warm-up', Promise.reject(new Error('no database')))).rejects.toThrow('no database');
    expect(readiness.reason).toBeUndefined();
  });

  it('says that it drains, whatever else is under way', () => {
    const readiness = new Readiness();
    void readiness.until('warm-up', new Promise<void>(() => undefined));
    readiness.drain();
    expect(readiness.reason).toBe('draining');
  });
});
