import { Controller, Get, Module } from '@nestjs/common';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePort } from '../../../libs/common/test/free-port.js';
import { Public } from '../src/http/access.js';
import type { Json } from './app.harness.js';
import { readYaml } from './monitoring.fixture.js';

/** Routes that fail and dawdle. They exist in tests only. */
@Controller('fault')
class FaultController {
  @Get('error')
  @Public()
  error(): never {
    throw new Error('a fault of a test');
  }

  @Get('slow')
  @Public()
  async slow(): Promise<Json> {
    await sleep(700);
    return {};
  }
}

@Module({ controllers: [FaultController] })
export class FaultModule {}

/** The checked-in configuration with this machine's addresses, and with whatever makes a person wait cut to a second. */
function prometheusConfig(folder: string, { app, alertmanager }: { app: string; alertmanager: string }): Json {
  const config = readYaml<Json>('prometheus/prometheus.yml');
  const files = ['recording.yml', 'alerts.yml'].map((name) => {
    const rules = readYaml<{ groups: { rules: Json[] }[] }>(`prometheus/rules/${name}`);
    for (const rule of rules.groups.flatMap((group) => group.rules)) if (rule['for'] !== undefined) rule['for'] = '1s';
    writeFileSync(join(folder, name), stringify(rules));
    return name;
  });
  const job = (config['scrape_configs'] as Json[]).find(({ job_name: name }) => name === 'techmart');
  return {
    global: { ...config['global'], scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: files,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ job_name: job?.['job_name'], static_configs: [{ targets: [app] }] }],
  };
}

function alertmanagerConfig(webhook: string): Json {
  const config = readYaml<Json>('prometheus/alertmanager.yml');
  const waits = { group_wait: '200ms', group_interval: '1s' };
  Object.assign(config['route'], waits);
  for (const route of config['route'].routes as Json[]) Object.assign(route, waits);
  for (const receiver of config['receivers'] as Json[]) receiver['webhook_configs'][0].url = webhook;
  return config;
}

/** A Prometheus and an Alertmanager of one test file. */
export class Monitoring {
  private constructor(
    private readonly folder: string,
    private readonly children: readonly ChildProcess[],
  ) {}

  static async start(app: string, webhook: string): Promise<Monitoring> {
    const folder = mkdtempSync(join(tmpdir(), 'techmart-alerts-'));
    const [prometheus, alertmanager] = [await freePort(), await freePort()];
    const files = { prometheus: join(folder, 'prometheus.yml'), alertmanager: join(folder, 'alertmanager.yml') };
    writeFileSync(files.alertmanager, stringify(alertmanagerConfig(webhook)));
    writeFileSync(files.prometheus, stringify(prometheusConfig(folder, { app, alertmanager: `127.0.0.1:${alertmanager}` })));
    const options = { stdio: 'ignore' as const, cwd: folder };
    const children = [
      spawn('prometheus-alertmanager', [
        `--config.file=${files.alertmanager}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alertmanager}`,
        '--cluster.listen-address=',
      ], options),
      spawn('prometheus', [
        `--config.file=${files.prometheus}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${prometheus}`,
        // An alert that fires early would else wait a minute to be told of again.
        '--rules.alert.resend-delay=1s',
      ], options),
    ]; // prettier-ignore
    const monitoring = new Monitoring(folder, children);
    await Promise.all([alertmanager, prometheus].map((port) => monitoring.ready(port)));
    return monitoring;
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(port: number): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(100);
    }
    await this.stop();
    throw new Error(`nothing is ready on port ${port}`);
  }
}
