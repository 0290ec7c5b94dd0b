import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.js';

/**
 * Outside production a signing key need not be configured: one is made at random on the first start and kept in the data
 * directory, so that tokens outlive a restart and `npm run token` signs with the same key. Never a key from the source.
 */
export async function withDevelopmentSecrets(config: Config): Promise<Config> {
  if (config.mode === 'production' || config.auth.jwtKeys.length > 0) return config;
  const secret = await keptSecret(join(config.dataDir, 'development-jwt-secret'));
  return Object.freeze({ ...config, auth: { ...config.auth, jwtKeys: [{ id: 'development', secret }] } });
}

async function keptSecret(file: string): Promise<string> {
  const fresh = randomBytes(32).toString('base64url');
  await mkdir(join(file, '..'), { recursive: true });
  try {
    await writeFile(file, fresh, { flag: 'wx', mode: 0o600 });
    return fresh;
  } catch (error) {
    // Another start made it first: that one counts.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return (await readFile(file, 'utf8')).trim();
    throw error;
  }
}
