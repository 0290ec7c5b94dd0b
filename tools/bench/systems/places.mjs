import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const built = join(root, 'dist');

/** What is kept between runs: the seeded database. */
export const dataFolder = join(root, '.data', 'bench');

/** Where the figures go. */
export const reportFolder = join(root, 'reports', 'bench');
