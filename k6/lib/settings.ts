// What tools/load.mjs tells a script: everything that may differ from run to run.

function number(name: string, otherwise: number): number {
  const given = __ENV[name];
  if (given === undefined || given === '') return otherwise;
  const value = Number(given);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0`);
  return value;
}

const target = __ENV['TARGET_URL'] ?? 'http://127.0.0.1:3000';

// A load is for a machine of one's own.
if (!/^http:\/\/(127(\.\d+){3}|localhost|\[::1\])(:\d+)?$/.test(target))
  throw new Error(`TARGET_URL must be a loopback address, not ${target}`);

export const settings = {
  target,
  /** The file that says what there is to ask for, and who asks. */
  world: __ENV['WORLD'] ?? '',
  /** Names this run: a label of its metrics, and part of its idempotency keys. */
  run: __ENV['RUN'] ?? 'by-hand',
  /** Where the summary goes, without the ending. */
  report: __ENV['REPORT'] ?? 'load-report',
  /** Requests a second. */
  rate: (otherwise: number): number => number('RATE', otherwise),
  /** How long the main part of the script takes. */
  seconds: (otherwise: number): number => number('SECONDS', otherwise),
};
