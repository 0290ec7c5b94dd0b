import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort, stopChild, untilReady } from '../../tools/bench/systems/children.mjs';

const folder = join(__dirname, '../../prometheus');

/**
 * The configuration that is shipped, with its rules, but faster, and with the targets of a test in the place of those of compose. The
 * scrape interval that it states is still the shipped one: pint measures the windows of rates by it.
 */
function configurationFor(targets) {
  const { global, rule_files: rules } = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8'));
  return stringify({
    global: { ...global, evaluation_interval: '1s' },
    rule_files: rules.map((file) => join(folder, file)),
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      scrape_interval: '1s',
      static_configs: [{ targets: [target] }],
    })),
  });
}

/** A real Prometheus that scrapes `targets`, by job, and takes what k6 writes. */
export async function startPrometheus(targets, cleanup) {
  const place = mkdtempSync(join(tmpdir(), 'techmart-prometheus-'));
  cleanup.defer(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(join(place, 'data'));
  writeFileSync(join(place, 'prometheus.yml'), configurationFor(targets));
  const address = `127.0.0.1:${await freePort()}`;
  const log = join(place, 'log');
  const out = openSync(log, 'w');
  const options = [
    `--config.file=${join(place, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(place, 'data')}`,
    `--web.listen-address=${address}`,
    '--web.enable-remote-write-receiver',
    '--enable-feature=exemplar-storage',
  ];
  const child = spawn('prometheus', options, { stdio: ['ignore', out, out] });
  cleanup.defer(() => stopChild(child));
  const url = `http://${address}`;
  await untilReady(child, async () => (await fetch(`${url}/-/ready`)).ok, { name: 'prometheus', log });
  return new Prometheus(url);
}

class Prometheus {
  constructor(url) {
    this.url = url;
  }

  /** The samples of an instant query; an error of Prometheus is thrown with its text. */
  async query(expr) {
    const body = new URLSearchParams({ query: expr });
    const answer = await (await fetch(`${this.url}/api/v1/query`, { method: 'POST', body })).json();
    if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
    return answer.data.resultType === 'vector' ? answer.data.result : [{ metric: {}, value: answer.data.result }];
  }

  /** Asks again until the samples are as wanted: a scrape is up to a second away. Gives what it got last. */
  async until(expr, isWanted, timeoutMs = 20_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const samples = await this.query(expr);
      if (isWanted(samples) || Date.now() > deadline) return samples;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
