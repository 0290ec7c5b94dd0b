import { Logger } from '@nestjs/common';
import { queryFinished } from '@app/common';
import { performance } from 'node:perf_hooks';
import { TestClock } from '../../test/fakes.js';
import { FleetLevel } from './fleet-level.js';
import { HeldLevel, levelOf, limitAt, loadLevels, thresholds, type LoadSample } from './load-level.js';
import { LoadMonitor } from './load-monitor.js';
import { ProcessLoad } from './process-load.js';

const calm: LoadSample = { cpuRatio: 0, eventLoopRatio: 0, memoryRatio: 0, loopDelayMs: 0, poolWaitMs: 0 };

describe('limitAt', () => {
  it.each([
    [200, [200, 140, 80, 20]],
    [300, [300, 210, 120, 30]],
    [10, [10, 7, 4, 1]],
    [5, [5, 3, 2, 1]],
    [1, [1, 1, 1, 1]],
    [130, [130, 91, 52, 13]],
  ])('%i becomes %j', (limit, expected) => {
    expect([0, 1, 2, 3].map((level) => limitAt(limit, level))).toEqual(expected);
  });
});

describe('levelOf', () => {
  it.each([
    ['cpuRatio', [0.59, 0.6, 0.8, 0.95]],
    ['eventLoopRatio', [0.59, 0.6, 0.8, 0.95]],
    ['memoryRatio', [0.69, 0.7, 0.85, 0.95]],
    ['loopDelayMs', [49, ...thresholds.loopDelayMs]],
    ['poolWaitMs', [49, ...thresholds.poolWaitMs]],
  ] as const)('%s rises through the levels at %j', (signal, values) => {
    expect(values.map((value) => levelOf({ ...calm, [signal]: value }))).toEqual([0, 1, 2, 3]);
  });

  it('is the worst of the signals', () => {
    expect(levelOf({ cpuRatio: 0.65, eventLoopRatio: 0.3, memoryRatio: 0.9, loopDelayMs: 60, poolWaitMs: 0 })).toBe(2);
  });
});

describe('HeldLevel', () => {
  it('rises at once, and falls after the hold to the highest that it saw meanwhile', () => {
    const held = new HeldLevel(3000);
    expect(held.update(3, 0)).toBe(3);
    expect([held.update(0, 1000), held.update(1, 2000), held.update(0, 3999)]).toEqual([3, 3, 3]);
    expect(held.update(0, 4000)).toBe(1);
    expect([held.update(0, 4500), held.update(0, 7499), held.update(0, 7500)]).toEqual([1, 1, 0]);
  });

  it('begins the hold again when the level is reached again', () => {
    const held = new HeldLevel(3000);
    held.update(2, 0);
    held.update(0, 1000);
    held.update(2, 3500);
    expect([held.update(0, 4000), held.update(0, 6999), held.update(0, 7000)]).toEqual([2, 2, 0]);
  });
});

describe('LoadMonitor', () => {
  beforeAll(() => Logger.overrideLogger(false));

  function make(options: { pinned?: 'high'; fleetLevel?: number } = {}) {
    const clock = new TestClock();
    const source = { sampled: calm, start: jest.fn(), stop: jest.fn(), sample: () => source.sampled };
    const sent: string[] = [];
    const redis = {
      sendCommand: (args: readonly string[]) => {
        sent.push(args.at(-2) ?? '');
        return Promise.resolve(options.fleetLevel ?? 0);
      },
    };
    const fleet = options.fleetLevel === undefined ? undefined : new FleetLevel(redis, 3000);
    const monitor = new LoadMonitor({ clock, source, fleet, sampleMs: 500, holdMs: 3000, pinned: options.pinned });
    const tick = async (sample: Partial<LoadSample>, times: number): Promise<number> => {
      source.sampled = { ...calm, ...sample };
      for (let time = 0; time < times; time += 1) {
        clock.advance(500);
        await monitor.tick();
      }
      return monitor.level;
    };
    return { monitor, source, tick, sent };
  }

  it('is not moved by one bad sample, and rises within four seconds of lasting load', async () => {
    const { tick } = make();
    expect(await tick({ cpuRatio: 1 }, 1)).toBe(0);
    expect(await tick({ cpuRatio: 0.2 }, 4)).toBe(0);
    expect(await tick({ cpuRatio: 1 }, 3)).toBeGreaterThanOrEqual(1);
    expect(await tick({ cpuRatio: 1 }, 5)).toBe(3);
  });

  it('is calm again within ten seconds of the end of the load', async () => {
    const { tick } = make();
    expect(await tick({ eventLoopRatio: 1 }, 20)).toBe(3);
    expect(await tick({ eventLoopRatio: 0.2 }, 20)).toBe(0);
  });

  it.each(loadLevels.map((level, index) => [level, [0.3, 0.75, 0.9, 1][index]!] as const))(
    'comes to %s with memory at %d',
    async (level, memoryRatio) => {
      const { tick } = make();
      expect(loadLevels[await tick({ memoryRatio }, 30)]).toBe(level);
    },
  );

  it('reports its own level, and goes by the fleet where that is higher', async () => {
    const { tick, sent } = make({ fleetLevel: 2 });
    expect(await tick({}, 1)).toBe(2);
    expect(await tick({ cpuRatio: 1 }, 20)).toBe(3);
    expect([sent[0], sent.at(-1)]).toEqual(['0', '3']);
  });

  it('stays where it is pinned, and measures nothing', async () => {
    const { monitor, source } = make({ pinned: 'high' });
    monitor.start();
    expect([loadLevels[monitor.level], source.start.mock.calls.length]).toEqual(['high', 0]);
    monitor.stop();
  });
});

describe('ProcessLoad', () => {
  /** The process as the kernel and the event loop tell of it: a real one is as busy as the machine lets it be. */
  function playProcess() {
    const told = { ms: 0, cpuMs: 0, idleMs: 0, activeMs: 0, rssBytes: 100 };
    jest.spyOn(performance, 'now').mockImplementation(() => told.ms);
    jest.spyOn(process, 'cpuUsage').mockImplementation(() => ({ user: told.cpuMs * 600, system: told.cpuMs * 400 }));
    jest.spyOn(process.memoryUsage, 'rss').mockImplementation(() => told.rssBytes);
    jest.spyOn(performance, 'eventLoopUtilization').mockImplementation((now, then) => {
      const reading = { idle: told.idleMs, active: told.activeMs, utilization: 0 };
      if (!now || !then) return reading;
      const [idle, active] = [now.idle - then.idle, now.active - then.active];
      return { idle, active, utilization: active / (idle + active) };
    });
    const pass = (cpuMs: number, activeMs: number, idleMs: number): void => {
      told.ms += activeMs + idleMs;
      told.cpuMs += cpuMs;
      told.activeMs += activeMs;
      told.idleMs += idleMs;
    };
    return { told, pass };
  }
  afterEach(() => jest.restoreAllMocks());

  it('sees the event loop and the CPU since the last sample, and not before', () => {
    const { pass } = playProcess();
    const load = new ProcessLoad({ cpuCores: 1, memoryBytes: undefined });
    pass(190, 180, 20);
    expect(load.sample()).toMatchObject({ cpuRatio: 0.95, eventLoopRatio: 0.9 });
    pass(15, 30, 270);
    expect(load.sample()).toMatchObject({ cpuRatio: 0.05, eventLoopRatio: 0.1 });
  });

  it('takes CPU against the quota, and memory against the limit, of the container', () => {
    const { told, pass } = playProcess();
    const memoryBytes = 1 << 30;
    const [whole, half] = [1, 0.5].map((cpuCores) => new ProcessLoad({ cpuCores, memoryBytes }));
    told.rssBytes = memoryBytes * 0.75;
    pass(40, 50, 50);
    expect([whole?.sample(), half?.sample()]).toMatchObject([
      { cpuRatio: 0.4, memoryRatio: 0.75 },
      { cpuRatio: 0.8, memoryRatio: 0.75 },
    ]);
  });

  it('measures this process as well', () => {
    const { cpuRatio, eventLoopRatio, memoryRatio } = new ProcessLoad().sample();
    expect(cpuRatio).toBeGreaterThanOrEqual(0);
    expect([eventLoopRatio >= 0, eventLoopRatio <= 1, memoryRatio > 0, memoryRatio < 1]).toEqual([true, true, true, true]);
  });

  it('averages the wait for a connection over the queries of the time', () => {
    const load = new ProcessLoad();
    load.start();
    const query = {
      text: 'SELECT 1',
      parameters: [],
      request: undefined,
      plan: undefined,
      site: undefined,
      error: undefined,
      startedAt: 0,
      durationMs: 1,
      rowCount: 1,
      rows: [],
      readBytes: 0,
      isInTransaction: false,
    };
    queryFinished.publish({ ...query, waitMs: 10 });
    queryFinished.publish({ ...query, waitMs: 30 });
    expect([load.sample().poolWaitMs, load.sample().poolWaitMs]).toEqual([20, 0]);
    load.stop();
    queryFinished.publish({ ...query, waitMs: 50 });
    expect(load.sample().poolWaitMs).toBe(0);
  });
});
