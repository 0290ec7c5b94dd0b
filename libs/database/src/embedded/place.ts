import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { canReach, makePassable, serverAccount, type ServerAccount } from './account.js';

/** Where a cluster is kept, and who runs its server. */
export interface Place {
  readonly folder: string;
  readonly account: ServerAccount | undefined;
}

/**
 * The folder asked for; or, when the server's account cannot reach it (root's home is closed to others), one in
 * the system's temporary place that stays the same for the same request. The folder itself belongs to this process's user: the
 * server's account owns no more than the cluster in it, so it cannot lead this process astray with a link. Makes nothing.
 */
export function findPlace(wanted: string): Place {
  const asked = resolve(wanted);
  const account = inFolder(asked, () => serverAccount(join(asked, 'cluster')));
  if (canReach(account, dirname(asked))) return { folder: asked, account };
  const fallback = fallbackFor(asked);
  assertOurs(fallback);
  return { folder: fallback, account: serverAccount(join(fallback, 'cluster')) };
}

/** The same, made when missing. */
export function preparePlace(wanted: string, log: (line: string) => void): Place {
  const { folder, account } = findPlace(wanted);
  const asked = resolve(wanted);
  if (folder !== asked) log(`PostgreSQL does not run as root, and its account cannot reach ${asked}; its files are in ${folder}`);
  return { folder: makeFolder(folder, account), account };
}

const fallbackFor = (asked: string): string =>
  join('/var/tmp', `techmart-${createHash('sha256').update(asked).digest('hex').slice(0, 12)}`);

function makeFolder(folder: string, account: ServerAccount | undefined): string {
  return inFolder(folder, () => {
    const first = mkdirSync(folder, { recursive: true }) ?? folder;
    if (account) makePassable(first, folder);
    accessSync(folder, constants.W_OK);
    return realpathSync(folder);
  });
}

/** Names the folder, and the way out, when the system refuses to work there: not permitted, read-only, full. */
export function inFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { syscall, message: reason } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const message = `the data directory ${folder} cannot be used: ${reason}. Choose another one, or set DATABASE_URL.`;
    throw new Error(message, { cause: error });
  }
}

/** Anyone may write to the temporary place: a folder that somebody else has put there is not to be trusted. */
function assertOurs(folder: string): void {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat && !(stat.isDirectory() && stat.uid === process.getuid?.()))
    throw new Error(`${folder} belongs to somebody else and will not be used. Remove it, or choose a data directory outside root's home.`);
}
