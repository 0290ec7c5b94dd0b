import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { requireProgram } from '../systems/programs.mjs';
import { parsePgbench } from './pgbench-script.mjs';

/** The address without its password, which a list of processes would show, and the password apart. */
function partsOf(url) {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = '';
  return { address: address.href, password };
}

/** Runs a script file against a database. `mode` is how the driver sends statements: `extended` parses each anew, `prepared` once. */
export async function runPgbench({ url, file, connections, seconds, mode, seed }) {
  const { address, password } = partsOf(url);
  const options = ['-n', '-M', mode, '-c', connections, '-j', 1, '-T', seconds, '-f', file, `--random-seed=${seed}`, address];
  const env = { ...process.env, PGPASSWORD: password };
  const { stdout } = await promisify(execFile)(requireProgram('pgbench'), options.map(String), { env });
  return parsePgbench(stdout);
}
