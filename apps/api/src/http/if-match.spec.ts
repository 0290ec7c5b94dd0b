import { Problem } from '@app/common';
import { parseIfMatch } from './if-match.js';

describe('parseIfMatch', () => {
  it.each([
    ['"7"', 7],
    [' "7" ', 7],
    ['"0"', 0],
    ['"123456789"', 123_456_789],
  ])('reads %j as the version %i', (header, version) => {
    expect(parseIfMatch(header)).toBe(version);
  });

  it.each([[undefined], ['*'], [' * ']])('asks for no version in particular with %j', (header) => {
    expect(parseIfMatch(header)).toBeUndefined();
  });

  it.each(['7', 'W/"7"', '"7", "8"', '"-1"', '"1e3"', '"seven"', '""', '', '"1234567890"', '"７"'])(
    'matches nothing with %j, which no answer of ours carried',
    (header) => {
      const parse = (): unknown => parseIfMatch(header);
      expect(parse).toThrow(Problem);
      expect(parse).toThrow(expect.objectContaining({ status: 412, code: 'version-stale' }));
    },
  );
});
