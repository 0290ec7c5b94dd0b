import { chownSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The account that the server runs as. PostgreSQL refuses to run as root, so root lends it a lesser one. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined: the server runs as whoever runs this process. As root: `postgres` where it exists, else `nobody`. */
export function serverAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is neither a "postgres" nor a "nobody" account. Run as another user, or set DATABASE_URL.',
  );
}

/** Whether the account can walk down to `path`: every folder above it, and itself, lets others (or it) pass. */
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
