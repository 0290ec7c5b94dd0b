import { findSourceMap } from 'node:module';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What only passes a statement on: Node, packages, and the libraries that instrument. */
const notOurs = /^node:|[\\/]node_modules[\\/]|[\\/]libs[\\/](common|database|profiling)[\\/]src[\\/]/;

const pathOf = (file: string): string => (file.startsWith('file:') ? fileURLToPath(file) : file);

function isOurs(frame: NodeJS.CallSite): boolean {
  const file = frame.getFileName();
  return typeof file === 'string' && !notOurs.test(pathOf(file));
}

/** `at async ProductsRepository.find (file:///srv/dist/products.repository.js:58:20)`, in the source's own terms where a map is loaded. */
function describe(frame: NodeJS.CallSite): string {
  const file = frame.getFileName() ?? '';
  const [line, column] = [frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1];
  const mapped = findSourceMap(file)?.findEntry(line - 1, column - 1);
  const name = /^(.*) \(/.exec((frame as { toString(): string }).toString())?.[1] ?? '';
  const isMapped = mapped !== undefined && 'originalSource' in mapped;
  return `${name}\n${isMapped ? mapped.originalSource : file}\n${isMapped ? mapped.originalLine + 1 : line}`;
}

/** Another formatter is at work (a test runner's, a tracer's): it knows the maps. Its text is read like any stack. */
function fromText(text: string): string | undefined {
  const frame = /^\s*at (?<name>.*?)(?: \(|(?=file:|\/|[A-Za-z]:\\))(?<file>.+?):(?<line>\d+):\d+\)?$/m.exec(text)?.groups;
  return frame && `${frame['name']}\n${frame['file']}\n${frame['line']}`;
}

/**
 * The innermost frame of the application in a captured stack, as `name (path:line)` with the path relative to the working directory;
 * undefined when the stack does not reach it. The first call formats the stack: some 20 µs, more when a source map is read. Frames are
 * judged by the files that run, since maps of packages may name files that look like ours.
 */
export function siteOf(captured: { readonly stack?: string }): string | undefined {
  const { prepareStackTrace } = Error;
  let found: string | undefined;
  Error.prepareStackTrace = (error, frames) => {
    const frame = frames.find(isOurs);
    if (!frame) return '';
    found = prepareStackTrace ? fromText(String(prepareStackTrace(error, [frame]))) : describe(frame);
    return '';
  };
  try {
    // Formatted once, when it is first read.
    void captured.stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
  if (found === undefined) return undefined;
  const [name = '', file = '', line = ''] = found.split('\n');
  const path = pathOf(file);
  const shown = isAbsolute(path) ? relative(process.cwd(), path) : path;
  return name === '' ? `${shown}:${line}` : `${name.replace(/^async /, '')} (${shown}:${line})`;
}
