import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const isOnPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/**
 * Tests that need a program which npm cannot bring. Without it they are skipped, and their name says why; with
 * `REQUIRE_SERVICES=1` its absence is a failure.
 */
export function describeWith(program: string, tests: () => void): void {
  if (isOnPath(program)) {
    describe(program, tests);
  } else if (process.env['REQUIRE_SERVICES'] === '1') {
    it(`finds ${program} on the PATH`, () => {
      expect(isOnPath(program)).toBe(true);
    });
  } else {
    // oxlint-disable-next-line jest/no-disabled-tests -- skipped for a reason that its name tells
    describe.skip(`skipped, since ${program} is not installed`, tests);
  }
}
