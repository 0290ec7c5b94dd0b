import { MovingClock } from '../../test/moving-clock.js';
import { Acknowledgements } from './acknowledgements.js';

describe('acknowledgements', () => {
  const clock = new MovingClock();
  const open = (waitMs = 60_000) => new Acknowledgements({ peerMs: 3000, waitMs, clock });
  const isOver = async (wait: Promise<boolean>) => Promise.race([wait, new Promise((resolve) => setTimeout(resolve, 5, 'waiting'))]);

  it('waits for all who listen when the own message comes back, and for nobody else', async () => {
    const all = open();
    all.heard('a');
    const wait = all.wait(7);
    all.heard('b');
    all.echoed(7);
    all.heard('late');
    all.acknowledged('a', 7);
    expect(await isOver(wait)).toBe('waiting');
    all.acknowledged('b', 9);
    expect(await wait).toBe(true);
  });

  it('knows an answer that came before the question, and an echo that came before the wait', async () => {
    const all = open();
    all.heard('a');
    all.acknowledged('a', 8);
    all.echoed(8);
    expect([await all.wait(7), await all.wait(8)]).toEqual([true, true]);
  });

  it('takes an older answer for none', async () => {
    const all = open();
    all.heard('a');
    all.acknowledged('a', 6);
    all.echoed(7);
    const wait = all.wait(7);
    expect(await isOver(wait)).toBe('waiting');
    all.reset();
    expect(await wait).toBe(false);
  });

  it('does not wait for those who leave or have been silent for too long', async () => {
    const all = open();
    all.heard('leaver');
    all.heard('silent');
    all.echoed(1);
    const wait = all.wait(1);
    all.left('leaver');
    all.acknowledged('silent', 1);
    expect(await wait).toBe(true);
    clock.pass(3001);
    all.echoed(2);
    expect([await all.wait(2), all.peerCount]).toEqual([true, 0]);
  });

  it('gives up in time, counts it, and does not wait for the culprit again until it is heard', async () => {
    const all = open(10);
    all.heard('dead');
    all.echoed(1);
    expect([await all.wait(1), all.incomplete]).toEqual([false, 1]);
    all.echoed(2);
    expect([await all.wait(2), all.incomplete]).toEqual([true, 1]);
    all.heard('dead');
    all.echoed(3);
    expect([await all.wait(3), all.incomplete]).toEqual([false, 2]);
  });
});
