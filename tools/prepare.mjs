// Makes sure that what a command needs is there: a Node that is new enough, the packages of the lock file, a build of the present
// source. Runs before anything is installed, so it uses nothing but Node. Costs about 50 ms when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const minimum = [20, 19];
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const at = (...parts) => join(root, ...parts);
const installStamp = at('node_modules', '.techmart-installed');
const buildStamp = at('.data', 'build-stamp');

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

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const hash = (text) => createHash('sha256').update(text).digest('hex');

/** Which packages belong here depends on the lock file, and which binaries on the machine. */
const wantedPackages = () => hash(readFileSync(at('package-lock.json'), 'utf8') + process.platform + process.arch);

const isInstalled = () => readOrEmpty(installStamp) === wantedPackages();

function install() {
  if (!isInstalledByHand()) {
    process.stderr.write('Installing the packages of package-lock.json …\n');
    run(npm, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  writeFileSync(installStamp, wantedPackages());
}

/** Whether npm's own record of node_modules holds what the lock file asks for on this machine: somebody ran `npm ci` already. */
function isInstalledByHand() {
  const installed = JSON.parse(readOrEmpty(at('node_modules', '.package-lock.json')) || '{}').packages ?? {};
  const { '': _project, ...locked } = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  const isSame = ([path, { version, integrity }]) => locked[path]?.version === version && locked[path].integrity === integrity;
  const isThere = ([path, entry]) => path in installed || ((entry.optional || entry.devOptional) && !isForThisMachine(entry));
  return Object.entries(installed).every((entry) => isSame(entry) && isRunnable(entry[1])) && Object.entries(locked).every(isThere);
}

const allows = (list, value) => !list || list.includes(value) || (list[0]?.startsWith('!') && !list.includes(`!${value}`));
const isRunnable = ({ os, cpu }) => allows(os, process.platform) && allows(cpu, process.arch);
const libc = () => (process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl');
const isForThisMachine = (entry) => Boolean(entry.os ?? entry.cpu) && isRunnable(entry) && (!entry.libc || entry.libc.includes(libc()));

function* filesOf(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'test') yield* filesOf(path);
    } else if (!/\.(e2e-|int-)?spec\.ts$/.test(entry.name)) yield path;
  }
}

/** Names, sizes and times of every source file: what a build depends on. Contents are not read. */
function wantedBuild() {
  const configuration = ['nest-cli.json', 'tsconfig.json', '.swcrc', 'package.json', 'package-lock.json'].map((name) => at(name));
  const describe = (file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return `${file} ${stat?.size} ${stat?.mtimeMs}`;
  };
  return hash([...filesOf(at('apps')), ...filesOf(at('libs')), ...configuration].toSorted().map(describe).join('\n'));
}

const isBuilt = () => readOrEmpty(buildStamp) === wantedBuild() && existsSync(at('dist', 'apps', 'api', 'src', 'main.js'));

function build() {
  const wanted = wantedBuild();
  rmSync(buildStamp, { force: true });
  run(process.execPath, [at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  writeFileSync(buildStamp, wanted);
}

/** Pid and, where the system tells it, start time: after a restart, another program may have the pid. Empty when there is none. */
function identityOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return '';
  }
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
}

/** Puts the lock in its place whole, unless there is one. */
function isLocked(mine, lock) {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Moves the lock away before it is deleted: another command may have put its own in the place of the one that was read. */
function removeStale(lock, found) {
  const aside = `${lock}.${process.pid}.aside`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // Somebody else has moved it away just now.
  }
  if (readOrEmpty(aside) !== found) isLocked(aside, lock);
  rmSync(aside, { force: true });
}

/** Two commands at once must not install or build over each other: the second waits, and usually finds nothing left to do. */
function withLock(work) {
  const lock = at('.data', 'prepare.lock');
  const mine = `${lock}.${process.pid}`;
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(mine, identityOf(process.pid));
  for (let waits = 0; !isLocked(mine, lock); waits += 1) {
    const holder = readOrEmpty(lock);
    const pid = Number(holder.split(' ')[0]);
    if (pid > 0 && identityOf(pid) === holder) {
      if (waits === 10) process.stderr.write(`Waiting for another command (pid ${pid}) to finish installing or building …\n`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    } else removeStale(lock, holder);
  }
  rmSync(mine, { force: true });
  process.on('exit', () => rmSync(lock, { force: true }));
  work();
}

checkNode();
const isBuildWanted = !process.argv.includes('--install-only');
if (!isInstalled() || (isBuildWanted && !isBuilt()))
  withLock(() => {
    if (!isInstalled()) install();
    if (isBuildWanted && !isBuilt()) build();
  });
