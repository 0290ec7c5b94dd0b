import { SingleBar } from 'cli-progress';
import type { SeedProgress } from './seed.js';

/** Shows progress on a stream: a bar on a terminal, elsewhere one line for each part. `stop` ends it, also after a failure. */
export function showProgress(stream: NodeJS.WriteStream): { update: (progress: SeedProgress) => void; stop: () => void } {
  if (!stream.isTTY) return { update: linePrinter(stream), stop: () => undefined };
  const bar = new SingleBar({ format: 'seeding {bar} {percentage} % {part}', stream, hideCursor: true, clearOnComplete: false });
  bar.start(1, 0, { part: '' });
  return { update: ({ part, ratio }) => bar.update(ratio, { part }), stop: () => bar.stop() };
}

function linePrinter(stream: NodeJS.WriteStream): (progress: SeedProgress) => void {
  let shown = '';
  return ({ part, ratio }) => {
    if (part === shown) return;
    shown = part;
    stream.write(`seeding ${String(Math.round(100 * ratio)).padStart(3)} % ${part}\n`);
  };
}
