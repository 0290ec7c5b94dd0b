import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { k6Version, requireK6 } from './k6.mjs';

describe('k6', () => {
  it('is asked for by name, with the command that brings it', () => {
    expect(() => requireK6(() => undefined)).toThrow(`GOBIN="$PWD/.data/tools/bin" go install go.k6.io/k6@${k6Version}`);
  });

  it.each(['.ci/run', 'docs/load-testing.md'])('is of one version here and in %s', (file) => {
    const text = readFileSync(join(__dirname, '../..', file), 'utf8');
    expect(text.match(/go\.k6\.io\/k6@\S+/g)).toEqual([`go.k6.io/k6@${k6Version}`]);
  });
});
