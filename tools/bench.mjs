// `npm run bench -- <name>`: measures the built server beside floors on the same bytes or statements. See docs/benchmarks.md.
import { Command, InvalidArgumentError } from 'commander';
import { formatReport, headOf, writeReport } from './bench/figures/report.mjs';
import { cached } from './bench/scenarios/cached.mjs';
import { mixed } from './bench/scenarios/mixed.mjs';
import { orders } from './bench/scenarios/orders.mjs';
import { profiling } from './bench/scenarios/profiling.mjs';
import { reads } from './bench/scenarios/reads.mjs';
import { Cleanup } from './bench/systems/children.mjs';
import { keepApart } from './bench/systems/cores.mjs';
import { BenchDatabase } from './bench/systems/database.mjs';
import { requireProgram } from './bench/systems/programs.mjs';

const scenarios = { reads, orders, cached, mixed, profiling };

const log = (line) => process.stderr.write(`${line}\n`);

function number(least, most, isWhole = true) {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`a ${isWhole ? 'whole ' : ''}number from ${least} to ${most} is expected`);
  };
}

function variable(text, all) {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('NAME=value is expected');
  return { ...all, [name]: value };
}

async function measure(name, options) {
  const cleanup = new Cleanup();
  const apart = scenarios[name].isApart ? keepApart() : undefined;
  const stop = (signal) => {
    void cleanup.run().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const { scale, seed } = options;
    const database = await BenchDatabase.open({ scale, seed, cleanup, log });
    const head = headOf({
      scenario: name,
      options,
      data: { scale, seed },
      isApart: apart !== undefined,
      database: await database.version(),
    });
    const { data, ...result } = await scenarios[name].run({ options, cleanup, database, log, measure: (pid) => apart?.measure(pid) });
    return { head: { ...head, data: { ...head.data, ...data } }, ...result };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await cleanup.run();
  }
}

async function bench(name, options) {
  if (process.platform !== 'linux') throw new Error('processor time is read from /proc: benchmarks run on Linux only');
  scenarios[name].needs.forEach(requireProgram);
  const report = await measure(name, { seconds: scenarios[name].seconds, ...options });
  process.stdout.write(`${formatReport(report)}\nwritten to ${writeReport(report, options.out)}\n`);
  const isMissed = options.check && report.goals.some(({ isMet }) => !isMet);
  if (report.faults.length > 0 || isMissed) process.exitCode = 1;
}

const program = new Command('bench').description(
  'Measures the built server on this machine. Exit code 1: wrong answers, or a goal missed under --check.',
);

function addScenario(name, { description, seconds }) {
  return program
    .command(name)
    .description(description)
    .option('--scale <number>', 'of the seeded data: 1 is 50,000 products', number(0.001, 20, false), 1)
    .option('--seed <number>', 'of data and load', number(0, 2 ** 31 - 1), 42)
    .option('--rounds <number>', 'of which the median counts', number(1, 100), 3)
    .option('--seconds <number>', `of one run; default ${seconds}`, number(1, 3600))
    .option('--env <NAME=value>', 'for the server under test; may be repeated', variable, {})
    .option('--out <file>', 'for the figures as JSON; default reports/bench/<name>.json')
    .option('--check', 'fail when a goal is missed', false)
    .action((options) => bench(name, options));
}

const commands = Object.fromEntries(Object.entries(scenarios).map(([name, scenario]) => [name, addScenario(name, scenario)]));
commands.reads.option('--only <text>', 'routes whose name holds this', '');
commands.cached.option('--toggle <NAME=value>', 'measure a server with this too; may be repeated', variable, {});
commands.mixed
  .option('--users <number>', 'at once', number(1, 20_000), 1000)
  .option('--rate <number>', 'requests a second that they make while answers take no time', number(1, 100_000), 2000)
  .option('--redis', 'with the Redis of REDIS_URL, else one of its own', false);

program.parseAsync().catch((error) => {
  log(error.message);
  process.exitCode = 1;
});
