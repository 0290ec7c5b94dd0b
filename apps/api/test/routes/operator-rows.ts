import { AlertManager } from '@app/alerting';
import { AlertFigures } from '../../src/ops/alerts/alert-figures.js';
import { admins, anyone, row, to, type Request, type Row } from './row.js';
import type { World } from './world.fixture.js';

/** A request that was kept: those of admins are. */
async function keptRequest({ app, people }: World): Promise<Request> {
  const { headers } = await app.get('/users?page_size=1', { as: people.admin.token });
  return { path: `/profiling/requests/${headers['x-request-id']}` };
}

/** One that has begun, whatever its rule. */
function firingAlert({ app }: World): number {
  const manager = app.resolve<AlertManager>(AlertManager);
  jest.spyOn(app.resolve<AlertFigures>(AlertFigures), 'sample').mockReturnValue({ low_stock_ratio: 0.9 } as never);
  manager.evaluate();
  return manager.alerts()[0]?.id ?? 0;
}

export const operation: readonly Row[] = [
  row('GET /profiling', admins(200), to('/profiling')),
  row('GET /profiling/endpoints', admins(200), to('/profiling/endpoints')),
  row('GET /profiling/queries', admins(200), to('/profiling/queries')),
  row('GET /profiling/findings', admins(200), to('/profiling/findings')),
  row('GET /profiling/requests', admins(200), to('/profiling/requests')),
  row('GET /profiling/requests/{request_id}', admins(200), keptRequest),
  row('POST /profiling/cpu', admins(200), to('/profiling/cpu?seconds=1')),
  row('POST /profiling/heap', admins(200), to('/profiling/heap?seconds=1')),
  row('GET /cache/stats', admins(200), to('/cache/stats')),
  row('GET /cache/keys', admins(200), to('/cache/keys')),
  row('GET /cache/explain', admins(200), to('/cache/explain?key=prod:1')),
  row('POST /cache/invalidate', admins(200), () => ({ path: '/cache/invalidate', body: { tags: ['product:1'] } })),
  row('POST /cache/warm', admins(200), to('/cache/warm')),
  row('GET /monitoring/performance', admins(200), to('/monitoring/performance')),
  row('GET /monitoring/alerts', admins(200), to('/monitoring/alerts')),
  row('GET /monitoring/alerts/history', admins(200), to('/monitoring/alerts/history')),
  row('POST /monitoring/alerts/{id}/acknowledge', admins(200), async (world) => ({
    path: `/monitoring/alerts/${firingAlert(world)}/acknowledge`,
    body: { comment: 'on it' },
  })),
  row('POST /monitoring/alerts/silences', admins(201), () => ({
    path: '/monitoring/alerts/silences',
    body: { rule: 'LowStock', minutes: 1 },
  })),
  row('DELETE /monitoring/alerts/silences/{id}', admins(204), ({ app }) => {
    const made = app.resolve<AlertManager>(AlertManager).silence({ rule: 'NoOrders', until: Date.now() + 60_000, by: 'test' });
    return { path: `/monitoring/alerts/silences/${made?.id}` };
  }),
  row('GET /monitoring/business', admins(200), to('/monitoring/business')),
  row('GET /health', anyone(200), to('/health')),
  row('GET /health/live', anyone(200), to('/health/live')),
  row('GET /health/ready', anyone(200), to('/health/ready')),
  row('GET /metrics', anyone(200), to('/metrics')),
];
