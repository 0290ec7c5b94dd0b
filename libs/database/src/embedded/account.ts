import { chmodSync, chownSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The account that the server runs as. PostgreSQL refuses to run as root, so root lends it a lesser one. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Undefined: the server runs as whoever runs this process. As root: the owner of the cluster that is there, else `postgres` where
 * that account exists, else `nobody`. Throws when the cluster is another account's and this process is not root.
 */
export function serverAccount(cluster: string): ServerAccount | undefined {
  const self = process.getuid?.();
  const owner = lstatSync(cluster, { throwIfNoEntry: false });
  if (self === undefined) return undefined;
  if (self !== 0) {
    if (owner && owner.uid !== self)
      throw new Error(`${cluster} belongs to another account (uid ${owner.uid}). Start as that account, or choose another data directory.`);
    return undefined;
  }
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : lesserAccount();
}

function lesserAccount(): ServerAccount {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is neither a "postgres" nor a "nobody" account. Run as another user, or set DATABASE_URL.',
  );
}

/** Whether the account can walk down to `path`: every folder above it, and itself, lets others (or it) pass. Missing ones count as passable. */
export function canReach(account: ServerAccount | undefined, path: string): boolean {
  if (!account) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat && !passes(account, stat)) return false;
    if (folder === dirname(folder)) return true;
  }
}

function passes(account: ServerAccount, stat: { mode: number; uid: number; gid: number }): boolean {
  const shift = stat.uid === account.uid ? 6 : stat.gid === account.gid ? 3 : 0;
  return ((stat.mode >> shift) & 1) === 1;
}

/** Gives a file or folder to the server's account. */
export function giveTo(account: ServerAccount | undefined, path: string): void {
  if (account) chownSync(path, account.uid, account.gid);
}

/** Lets everyone walk through the new folders, from the first to the last one in it, not list them: a strict umask shuts others out. */
export function makePassable(first: string, last: string): void {
  for (let folder = last; folder.length >= first.length; folder = dirname(folder)) {
    chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o111);
  }
}
