import { register } from 'prom-client';
import { ReplicationMetrics } from './replication.metrics.js';
import type { ReplicationState } from './replication.repository.js';

const alone: ReplicationState = { standbys: [], own: undefined };

describe('ReplicationMetrics', () => {
  function make() {
    register.clear();
    const told = { nowMs: 0, read: (): Promise<ReplicationState> => Promise.resolve(alone) };
    const metrics = new ReplicationMetrics({ read: () => told.read() }, { now: () => told.nowMs, monotonic: () => told.nowMs });
    const look = async (atMs: number, state: Partial<ReplicationState> | Error): Promise<string[]> => {
      told.nowMs = atMs;
      told.read = () => (state instanceof Error ? Promise.reject(state) : Promise.resolve({ ...alone, ...state }));
      await metrics.look();
      return (await register.metrics()).split('\n').filter((line) => line.startsWith('db_'));
    };
    return { look };
  }

  it('has a row for each standby, and none without any', async () => {
    const { look } = make();
    expect(await look(0, {})).toEqual([]);
    const standbys = [
      { standby: 'a', lag_s: 2.5 },
      { standby: 'b', lag_s: 0 },
    ];
    const rows = ['db_replication_lag_seconds{standby="a"} 2.5', 'db_replication_lag_seconds{standby="b"} 0'];
    expect(await look(1, { standbys })).toEqual(rows);
    expect(await look(2, { standbys: standbys.slice(1) })).toEqual(rows.slice(1));
  });

  it('has no rows while the database is away', async () => {
    const { look } = make();
    await look(0, { standbys: [{ standby: 'a', lag_s: 1 }], own: { is_caught_up: true, age_s: 9 } });
    expect(await look(1, new Error('away'))).toEqual([]);
  });

  it('has no lag on a quiet primary, however old its last transaction is', async () => {
    const { look } = make();
    expect(await look(0, { own: { is_caught_up: true, age_s: 3600 } })).toEqual(['db_standby_lag_seconds 0']);
    // A record has just come, and is about to be replayed.
    expect(await look(5000, { own: { is_caught_up: false, age_s: 3605 } })).toEqual(['db_standby_lag_seconds 5']);
  });

  it('is the age of the last transaction on a standby that was never seen without a lag', async () => {
    const { look } = make();
    expect(await look(0, { own: { is_caught_up: false, age_s: 40 } })).toEqual(['db_standby_lag_seconds 40']);
    expect(await look(5000, { own: { is_caught_up: false, age_s: -0.2 } })).toEqual(['db_standby_lag_seconds 0']);
    expect(await look(6000, { own: { is_caught_up: false, age_s: null } })).toEqual([]);
  });
});
