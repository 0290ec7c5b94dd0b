import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { api } from './dashboards/api.js';
import { business } from './dashboards/business.js';
import { cache } from './dashboards/cache.js';
import { database } from './dashboards/database.js';
import type { DashboardName } from './links.js';
import { loadTest } from './dashboards/load-test.js';
import { overview } from './dashboards/overview.js';
import { runtime } from './dashboards/runtime.js';

const dashboards: Readonly<Record<DashboardName, () => { build(): Dashboard }>> = {
  overview,
  api,
  database,
  cache,
  runtime,
  business,
  'load-test': loadTest,
};

/** What `grafana/dashboards` holds: the text of each file by its name. */
export const dashboardFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(dashboards).map(([name, dashboard]) => [`${name}.json`, `${JSON.stringify(dashboard().build(), undefined, 2)}\n`]),
  );
