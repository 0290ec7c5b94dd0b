import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { reportFolder, root } from '../systems/places.mjs';

function text(value, digits) {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value.toFixed(digits);
  const { median, min, max } = value;
  if (min === max) return median.toFixed(digits);
  return `${median.toFixed(digits)} [${min.toFixed(digits)}–${max.toFixed(digits)}]`;
}

/** A Markdown table. A column is `{ key, label, digits }`; a figure of several runs is written `median [least–greatest]`. */
export function formatTable(columns, rows) {
  const cells = rows.map((row) => columns.map(({ key, digits = 0 }) => text(row[key], digits)));
  const widths = columns.map(({ label }, index) => Math.max(label.length, ...cells.map((row) => row[index].length)));
  const line = (parts) =>
    `| ${parts.map((part, index) => (index === 0 ? part.padEnd(widths[index]) : part.padStart(widths[index]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(columns.map(({ label }) => label)), rule, ...cells.map(line)].join('\n');
}

/** A limit that the product has set itself. A figure that could not be taken does not meet it. */
export const atMost = (name, value, limit, unit = '') => ({ name, value, limit, unit, bound: 'at most', isMet: value <= limit });
export const atLeast = (name, value, limit, unit = '') => ({ name, value, limit, unit, bound: 'at least', isMet: value >= limit });

function formatGoal({ name, value, limit, unit, bound, isMet }) {
  const found = Number.isFinite(value) ? `${Number(value.toPrecision(3))}${unit}` : 'not measured';
  return `${isMet ? 'met   ' : 'MISSED'}  ${name}: ${found} (${bound} ${limit}${unit})`;
}

function commit() {
  try {
    const git = (...parts) => execFileSync('git', parts, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes');
  } catch {
    return undefined; // Not a checkout.
  }
}

/** What figures depend on and a reader cannot see. */
export const machineFacts = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.versions.node,
  loadAverage: loadavg()[0],
});

/** Everything that a figure needs to be repeated: it stands above the tables and in the file. */
export function headOf({ scenario, options, data, database, isApart = false }) {
  return { scenario, at: new Date().toISOString(), commit: commit(), machine: machineFacts(), postgres: database, isApart, data, options };
}

function formatHead({ scenario, at, commit, machine, postgres, isApart, data, options }) {
  const { cores, processor, node, loadAverage } = machine;
  const size = `${data.products} active products (scale ${data.scale}, seed ${data.seed})`;
  return [
    `${scenario} at ${at}, commit ${commit ?? 'unknown'}`,
    `${cores} cores (${processor}), Node ${node}, PostgreSQL ${postgres}; load average before: ${loadAverage.toFixed(1)}${isApart ? '; the server has a core to itself' : ''}`,
    `${size}; ${options.rounds} rounds of ${options.seconds} s after warm-up; median [least–greatest]`,
  ].join('\n');
}

/** The report as people read it. */
export function formatReport({ head, tables, notes = [], goals = [], faults = [] }) {
  const parts = [
    formatHead(head),
    ...tables.map(({ title, columns, rows }) => `${title}\n\n${formatTable(columns, rows)}`),
    notes.join('\n'),
    goals.map(formatGoal).join('\n'),
    faults.map((fault) => `FAULT  ${fault}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Writes the report as JSON, to `reports/bench` unless told otherwise, and says where. */
export function writeReport(report, file = join(reportFolder, `${report.head.scenario}.json`)) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return file;
}
