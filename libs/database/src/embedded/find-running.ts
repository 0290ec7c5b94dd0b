import { existsSync, realpathSync } from 'node:fs';
import { Cluster } from './cluster.js';
import type { RunningPostgres } from './embedded-postgres.js';
import { findPlace } from './place.js';
import { defaultDatabase } from './settings.js';

/**
 * The server that another process runs on this folder, for a program that works beside its owner; undefined when none takes connections
 * there. Starts, makes and takes nothing, and the owner may stop the server at any moment. Throws when the cluster is another account's.
 * Reads a few small files; safe to call at any time.
 */
export function findRunning(dataDir: string, database: string = defaultDatabase): RunningPostgres | undefined {
  const { folder, account } = findPlace(dataDir);
  if (!existsSync(folder)) return undefined;
  const cluster = new Cluster({ folder: realpathSync(folder), account });
  const port = cluster.readyPort;
  return port === undefined ? undefined : { url: cluster.urlOf(database, port), port };
}
