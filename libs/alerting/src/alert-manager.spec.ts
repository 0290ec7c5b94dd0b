import { Logger } from '@nestjs/common';
import type { Alert } from './alert.js';
import { AlertManager } from './alert-manager.js';
import type { AlertRule } from './alert-rule.js';
import type { Notifier } from './notifiers/notifier.js';

const rule = (given: Partial<AlertRule> = {}): AlertRule => ({
  name: 'HighErrorRate',
  severity: 'critical',
  figure: 'errors',
  comparison: 'above',
  threshold: 0.05,
  forSeconds: 60,
  summary: '{value} of the answers are errors',
  description: 'x',
  runbookUrl: 'https://example.com/runbooks#high-error-rate',
  ...given,
});

class Receiver implements Notifier {
  readonly name = 'receiver';
  readonly told: string[] = [];
  isAway = false;

  async notify(alerts: readonly Alert[]): Promise<void> {
    if (this.isAway) throw new Error('away');
    this.told.push(...alerts.map((alert) => `${alert.rule.name} ${alert.state} ${alert.value}`));
  }
}

const settled = () => new Promise(setImmediate);

function build(rules = [rule()]) {
  const figures: Record<string, number | undefined> = { errors: 0 };
  const time = { now: 0 };
  const receiver = new Receiver();
  const clock = { now: () => time.now, monotonic: () => time.now };
  const manager = new AlertManager({ rules, figures: () => figures, notifiers: [receiver], clock, intervalMs: 0 });
  const at = async (seconds: number, errors: number | undefined): Promise<void> => {
    time.now = seconds * 1000;
    figures['errors'] = errors;
    manager.evaluate();
    await settled();
  };
  return { manager, receiver, figures, at };
}

describe('AlertManager', () => {
  beforeEach(() => jest.spyOn(Logger.prototype, 'warn').mockImplementation());

  it('is pending until the condition has held for long enough, then firing, then resolved', async () => {
    const { manager, receiver, at } = build();
    await at(0, 0.1);
    await at(59, 0.2);
    expect(manager.alerts()).toMatchObject([{ state: 'pending', value: 0.2, since: 0 }]);
    await at(60, 0.3);
    expect(manager.alerts()).toMatchObject([{ state: 'firing', value: 0.3, firedAt: 60_000 }]);
    await at(65, 0.01);
    expect([manager.alerts(), receiver.told]).toEqual([[], ['HighErrorRate firing 0.3', 'HighErrorRate resolved 0.01']]);
    expect(manager.history()).toMatchObject([{ state: 'resolved', since: 0, firedAt: 60_000, resolvedAt: 65_000 }]);
  });

  it('tells nobody of what ended before it fired, and begins anew', async () => {
    const { manager, receiver, at } = build();
    await at(0, 0.1);
    await at(30, 0);
    await at(40, 0.1);
    await at(70, 0.1);
    expect([manager.alerts()[0]?.state, receiver.told, manager.history()]).toEqual(['pending', [], []]);
  });

  it('takes the threshold itself for good, and a figure that is not there for no reason to alarm', async () => {
    const { manager, at } = build([rule({ forSeconds: 0 })]);
    for (const value of [0.05, undefined, Number.NaN]) {
      await at(1, value);
      expect(manager.alerts()).toEqual([]);
    }
    await at(2, 0.051);
    expect(manager.alerts()).toMatchObject([{ state: 'firing' }]);
  });

  it('knows figures that must not fall too low', async () => {
    const { receiver, at } = build([rule({ comparison: 'below', threshold: 0.8, forSeconds: 0 })]);
    await at(0, 0.8);
    await at(1, 0.79);
    expect(receiver.told).toEqual(['HighErrorRate firing 0.79']);
  });

  it('tells a receiver that was away what is the case when it is back', async () => {
    const { manager, receiver, at } = build([rule({ forSeconds: 0 })]);
    receiver.isAway = true;
    await at(0, 0.1);
    await at(5, 0);
    expect([receiver.told, manager.failures()]).toEqual([[], { receiver: 2 }]);
    receiver.isAway = false;
    await at(10, 0);
    expect(receiver.told).toEqual(['HighErrorRate resolved 0']);
    await at(15, 0);
    expect(receiver.told).toHaveLength(1);
  });

  it('tells a receiver that wants it again and again of what still fires', async () => {
    const { receiver, at } = build([rule({ forSeconds: 0 })]);
    Object.assign(receiver, { repeatMs: 60_000 });
    for (const seconds of [100, 130, 161, 200]) await at(seconds, 0.1);
    expect(receiver.told).toHaveLength(2);
    await at(230, 0);
    await at(400, 0);
    expect(receiver.told.at(-1)).toBe('HighErrorRate resolved 0');
    expect(receiver.told).toHaveLength(3);
  });

  it('shows a silenced alert and tells nobody, until the silence is over', async () => {
    const { manager, receiver, at } = build([rule({ forSeconds: 0 })]);
    const silence = manager.silence({ rule: 'HighErrorRate', until: 100_000, by: 'ana' });
    await at(0, 0.1);
    expect([manager.alerts()[0]?.state, receiver.told]).toEqual(['firing', []]);
    expect(manager.endSilence(silence?.id ?? 0)).toBe(true);
    await at(5, 0.1);
    expect(receiver.told).toEqual(['HighErrorRate firing 0.1']);
    expect(manager.endSilence(99)).toBe(false);
  });

  it('lets a silence expire, and knows no rule of another name', async () => {
    const { manager, receiver, at } = build([rule({ forSeconds: 0 })]);
    expect(manager.silence({ rule: 'Nothing', until: 1, by: 'ana' })).toBeUndefined();
    manager.silence({ rule: 'HighErrorRate', until: 10_000, by: 'ana' });
    await at(11, 0.1);
    expect([receiver.told, manager.silences()]).toEqual([['HighErrorRate firing 0.1'], []]);
  });

  it('keeps who acknowledged an alert, until it is over', async () => {
    const { manager, at } = build([rule({ forSeconds: 0 })]);
    await at(0, 0.1);
    const [alert] = manager.alerts();
    expect(manager.acknowledge(alert?.id ?? 0, 'ana', 'on it')?.acknowledged).toEqual({ by: 'ana', at: 0, comment: 'on it' });
    await at(5, 0.2);
    expect(manager.alerts()[0]).toMatchObject({ value: 0.2, acknowledged: { by: 'ana' } });
    expect(manager.acknowledge(999, 'ana')).toBeUndefined();
  });

  it('shows the most severe first, and keeps 500 resolved ones', async () => {
    const rules = [rule({ name: 'A', severity: 'info', forSeconds: 0 }), rule({ name: 'B', severity: 'critical', forSeconds: 0 })];
    const { manager, at } = build(rules);
    await at(0, 1);
    expect(manager.alerts().map((alert) => alert.rule.name)).toEqual(['B', 'A']);
    for (let round = 1; round <= 300; round += 1) {
      await at(round * 10, 0);
      await at(round * 10 + 5, 1);
    }
    expect(manager.history()).toHaveLength(500);
    expect(manager.history()[0]?.resolvedAt).toBe(3_000_000);
  });

  it('survives figures that cannot be read', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const clock = { now: () => 0, monotonic: () => 0 };
    const figures = () => {
      throw new Error('no');
    };
    const manager = new AlertManager({ rules: [rule()], figures, notifiers: [], clock, intervalMs: 0 });
    manager.evaluate();
    expect(manager.alerts()).toEqual([]);
  });
});
