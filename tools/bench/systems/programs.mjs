import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const packages = { wrk: 'wrk', pgbench: 'postgresql', 'redis-server': 'redis-server' };

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a program is; undefined when it is not on the PATH. */
export const findProgram = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);

/** The same, or an error that says what to install. */
export function requireProgram(name) {
  const found = findProgram(name);
  if (found === undefined)
    throw new Error(`this benchmark needs ${name}, which is not on the PATH (Debian: apt-get install ${packages[name]})`);
  return found;
}
