// `npm run load -- <script>`: a k6 script of k6/ against a server of its own, or that of TARGET_URL. See docs/load-testing.md.
import { Argument, Command, InvalidArgumentError } from 'commander';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './bench/systems/places.mjs';
import { Cleanup } from './bench/systems/children.mjs';
import { requireK6, runK6 } from './load/k6.mjs';
import { readTarget, startTarget } from './load/target.mjs';

const scripts = ['smoke', 'load', 'stress', 'spike', 'soak', 'breakpoint'];

const log = (line) => process.stderr.write(`${line}\n`);

function number(least, most) {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a number from ${least} to ${most} is expected`);
  };
}

function variable(text, all) {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('NAME=value is expected');
  return { ...all, [name]: value };
}

/** Tells when it was: `smoke-2026-11-26T02-30-00`. */
const nameOf = (script) => `${script}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;

/** What a script reads: it has no other way to the outside. */
function writeWorld({ products, tokens }, cleanup) {
  const folder = mkdtempSync(join(tmpdir(), 'techmart-load-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'world.json');
  writeFileSync(file, JSON.stringify({ products, tokens }), { mode: 0o600 });
  return file;
}

async function load(script, { scale, seed, env, out, ...given }) {
  requireK6();
  const cleanup = new Cleanup();
  const { TARGET_URL, TOKENS } = process.env;
  const stop = (signal) => {
    void cleanup.run().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const target = await (TARGET_URL ? readTarget(TARGET_URL, TOKENS, seed) : startTarget({ scale, seed, env, cleanup, log }));
    const report = join(resolve(out), script);
    const worldFile = writeWorld(target, cleanup);
    log(`${script}: ${target.products.length} products, ${target.tokens.length} customers, ${target.url}`);
    process.exitCode = await runK6(script, { ...given, cleanup, target: target.url, worldFile, run: nameOf(script), report });
    log(`written to ${report}.json, ${report}.html and ${report}-timeline.html`);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await cleanup.run();
  }
}

await new Command('load')
  .description('Loads a server on this machine with k6. Exit code 99: a threshold was missed.')
  .addArgument(new Argument('<script>', 'of k6/').choices(scripts))
  .option('--rate <number>', 'requests a second; the default is that of the script', number(1, 100_000))
  .option('--seconds <number>', 'of the main part; the default is that of the script', number(1, 7200))
  .option('--scale <number>', 'of the seeded data: 1 is 50,000 products', number(0.001, 20), 0.1)
  .option('--seed <number>', 'of data and popularity', number(0, 2 ** 31 - 1), 42)
  .option('--env <NAME=value>', 'for the server under test; may be repeated', variable, {})
  .option('--prometheus <url>', 'also written there while it runs (Prometheus with --web.enable-remote-write-receiver)')
  .option('--out <folder>', 'for the reports', join(root, 'reports', 'load'))
  .action(load)
  .parseAsync()
  .catch((error) => {
    log(error.message);
    process.exitCode = 1;
  });
