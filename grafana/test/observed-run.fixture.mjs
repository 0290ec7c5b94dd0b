import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '../../apps/api/test/setup/test-database.js';
import { mintTokens, startApp } from '../../tools/bench/systems/app.mjs';
import { findProgram } from '../../tools/bench/systems/programs.mjs';
import { openRedis } from '../../tools/bench/systems/redis.mjs';
import { startPrometheus } from './prometheus.fixture.mjs';

const tool = join(__dirname, '../../tools/load.mjs');

/** A short smoke run against the built server, while a real Prometheus scrapes it and takes what k6 writes. */
export async function observeRun(cleanup) {
  const database = await createTestDatabase({ seeded: true });
  cleanup.defer(() => database.drop());
  const folder = mkdtempSync(join(tmpdir(), 'techmart-observed-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const redis = findProgram('redis-server') ? await openRedis(cleanup) : undefined;
  const app = await startApp({ database, cleanup, env: { ROLE: 'all', ...(redis && { REDIS_URL: redis.url }) } });
  const prometheus = await startPrometheus({ techmart: new URL(app.url).host }, cleanup);
  // What a counter grew by is only seen from its first scrape on.
  await prometheus.until('up{job="techmart"}', ([sample]) => sample?.value[1] === '1');
  const tokens = join(folder, 'tokens');
  writeFileSync(tokens, (await mintTokens(database, 500)).join('\n'));
  const run = await smoke(['--seconds', '6', '--rate', '40', '--prometheus', prometheus.url, '--out', folder], {
    TARGET_URL: app.url,
    TOKENS: tokens,
  });
  const report = JSON.parse(readFileSync(join(folder, 'smoke.json'), 'utf8'));
  const page = readFileSync(join(folder, 'smoke.html'), 'utf8');
  return { app, prometheus, run, report, page };
}

function smoke(parameters, env) {
  const child = spawn(process.execPath, [tool, 'smoke', ...parameters], { env: { PATH: process.env.PATH, ...env } });
  const result = { output: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (result.output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...result })));
}

/** `/metrics` as `[name, labels, value]`. */
export async function scrape({ url }) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .map((line) => /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)/.exec(line))
    .filter((found) => found !== null)
    .map(([, name, labels = '', value]) => [
      name,
      Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])),
      Number(value),
    ]);
}
