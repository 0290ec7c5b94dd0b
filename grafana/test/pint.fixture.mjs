import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const folder = join(__dirname, '../../prometheus');

/**
 * What a Prometheus that has run for seconds is asked besides: whether a series was ever there is looked for in each of its seconds, and
 * so is whether an alert would have come. Of those that wait longer than the run nothing is seen.
 */
const askingOf = (url) => `
prometheus "run" {
  uri      = "${url}"
  required = true
}

check "promql/series" {
  lookbackRange = "15m"
  lookbackStep  = "1s"
}

rule {
  alerts {
    range    = "15m"
    step     = "1s"
    resolve  = "5m"
    minCount = 1
    severity = "bug"
  }
}
`;

/**
 * A Prometheus that reads OpenMetrics knows the type of `x_total` under the name `x`, where pint does not look: to it no metric of ours
 * would be a counter. Between the two stands what answers under both names, and passes on all else.
 */
async function knowingCounters(url, use) {
  const relay = async ({ method, url: path, headers: { 'content-type': type } }, body) => {
    const metric = /^[/]api[/]v1[/]metadata[?].*metric=(\w+)_total\b/.exec(path)?.[1];
    const headers = type && { 'content-type': type };
    const answer = await fetch(url + path.replace(`${metric}_total`, metric), { method, headers, body });
    return { status: answer.status, json: (await answer.text()).replace(`"${metric}":`, `"${metric}_total":`) };
  };
  const server = createServer((request, response) => {
    text(request)
      .then((body) => relay(request, body || undefined))
      .then(({ status, json }) => response.writeHead(status, { 'content-type': 'application/json' }).end(json))
      .catch((error) => response.writeHead(502).end(String(error)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What pint finds in `rules`, those that are shipped unless told, when it may ask the Prometheus at `url`. */
export async function pintOn(url, rules = 'rules') {
  const place = mkdtempSync(join(tmpdir(), 'techmart-pint-'));
  const [config, report] = [join(place, 'pint.hcl'), join(place, 'report.json')];
  const parameters = ['--no-color', '--config', config, 'lint', '--min-severity=info', '--json', report, rules];
  try {
    const output = await knowingCounters(url, async (asked) => {
      writeFileSync(config, readFileSync(join(folder, '.pint.hcl'), 'utf8') + askingOf(asked));
      const { stdout, stderr } = spawn('pint', parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      return (await Promise.all([text(stdout), text(stderr)])).join('');
    });
    const found = JSON.parse(readFileSync(report, 'utf8')).map(({ reporter }) => reporter);
    return { found, checked: Number(/ entries=(\d+) .*online=true/.exec(output)?.[1]), output };
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** The same of one rule. */
export async function pintOnOne(url, rule) {
  const place = mkdtempSync(join(tmpdir(), 'techmart-rule-'));
  try {
    writeFileSync(join(place, 'rule.yml'), JSON.stringify({ groups: [{ name: 'one', rules: [rule] }] }));
    return (await pintOn(url, place)).found;
  } finally {
    rmSync(place, { recursive: true });
  }
}
