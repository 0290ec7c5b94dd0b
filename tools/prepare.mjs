// Makes sure that what a command needs is there: a Node that is new enough, the packages of the lock file, a build of the present
// source. Runs before anything is installed, so it uses nothing but Node. Costs about 50 ms when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const minimum = [20, 19];
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const at = (...parts) => join(root, ...parts);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return;
  fail(`TechMart needs Node ${minimum.join('.')} or later; this is ${process.versions.node}.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed (exit code ${status})`);
}

const readOrEmpty = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const hash = (text) => createHash('sha256').update(text).digest('hex');

/** Which packages belong here depends on the lock file, and which binaries on the machine. */
const installStamp = () => hash(readFileSync(at('package-lock.json'), 'utf8') + process.platform + process.arch);

function install() {
  const stamp = at('node_modules', '.techmart-installed');
  if (readOrEmpty(stamp) === installStamp()) return;
  process.stderr.write('Installing the packages of package-lock.json …\n');
  run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, installStamp());
}

function* filesOf(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'test') yield* filesOf(path);
    } else if (!/\.(e2e-|int-)?spec\.ts$/.test(entry.name)) yield path;
  }
}

/** Names, sizes and times of every source file: what a build depends on. Contents are not read. */
function buildStamp() {
  const files = [
    ...filesOf(at('apps')),
    ...filesOf(at('libs')),
    ...['nest-cli.json', 'tsconfig.json', '.swcrc', 'package-lock.json'].map((name) => at(name)),
  ];
  return hash(
    files
      .toSorted()
      .map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}`)
      .join('\n'),
  );
}

function build() {
  const stamp = at('.data', 'build-stamp');
  const wanted = buildStamp();
  if (readOrEmpty(stamp) === wanted && existsSync(at('dist', 'apps', 'api', 'src', 'main.js'))) return;
  run(process.execPath, [at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two commands at once must not install or build over each other: the second waits, and usually finds nothing left to do. */
function withLock(work) {
  const lock = at('.data', 'prepare.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(readOrEmpty(lock));
      if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  process.on('exit', () => rmSync(lock, { force: true }));
  work();
}

checkNode();
withLock(() => {
  install();
  if (!process.argv.includes('--install-only')) build();
});
