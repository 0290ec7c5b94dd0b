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
 * Tests that need what npm cannot bring. Without it they are skipped, and their name says why; with `REQUIRE_SERVICES=1` its
 * absence is a failure.
 */
export function describeIf(isInstalled: boolean, name: string, tests: () => void): void {
  if (isInstalled) {
    describe(name, tests);
  } else if (process.env['REQUIRE_SERVICES'] === '1') {
    it(`finds ${name}`, () => {
      expect(isInstalled).toBe(true);
    });
  } else {
    // oxlint-disable-next-line jest/no-disabled-tests -- skipped for a reason that its name tells
    describe.skip(`skipped, since ${name} is not installed`, tests);
  }
}

/** Tests that need a program on the PATH. */
export const describeWith = (program: string, tests: () => void): void => describeIf(isOnPath(program), program, tests);
