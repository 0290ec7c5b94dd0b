// `npm run dashboards`: writes grafana/dashboards anew, and removes what is no longer made.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './index.js';

const folder = join('grafana', 'dashboards');
const files = dashboardFiles();
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
process.stdout.write(`${files.size} dashboards are in ${folder}\n`);
