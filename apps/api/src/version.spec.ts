import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from './version.js';

it('is the version of package.json', () => {
  const text = readFileSync(join(__dirname, '../../../package.json'), 'utf8');
  expect(version).toBe((JSON.parse(text) as { version: string }).version);
});
