import { siteOf } from './call-site.js';

const capture = (): { stack?: string } => {
  const captured: { stack?: string } = {};
  Error.captureStackTrace(captured);
  return captured;
};

const frame = (file: string | null, name: string): NodeJS.CallSite =>
  ({
    getFileName: () => file,
    getLineNumber: () => 12,
    getColumnNumber: () => 3,
    toString: () => `async ${name} (${file}:12:3)`,
  }) as unknown as NodeJS.CallSite;

/** What V8 does when the stack is read for the first time. */
function stackOf(...frames: NodeJS.CallSite[]): { readonly stack?: string } {
  return {
    get stack(): string {
      return String(Error.prepareStackTrace?.(new Error('x'), frames));
    },
  };
}

describe('siteOf', () => {
  const { prepareStackTrace } = Error;
  afterEach(() => {
    Error.prepareStackTrace = prepareStackTrace;
  });

  it('says nothing when no frame is ours: this file belongs to an instrumenting library', () => {
    expect(siteOf(capture())).toBeUndefined();
  });

  it('passes over Node, packages and the instrumenting libraries, and frames of no file', () => {
    Error.prepareStackTrace = undefined as never;
    const site = siteOf(
      stackOf(
        frame('/srv/libs/database/src/instrumented-client.ts', 'InstrumentedClient.query'),
        frame('/srv/node_modules/typeorm/driver/PostgresQueryRunner.js', 'PostgresQueryRunner.query'),
        frame('node:internal/process/task_queues', 'processTicksAndRejections'),
        frame(null, 'eval'),
        frame(`file://${process.cwd()}/dist/products.repository.js`, 'ProductsRepository.find'),
        frame(`file://${process.cwd()}/dist/products.service.js`, 'ProductsService.get'),
      ),
    );
    expect(site).toBe('ProductsRepository.find (dist/products.repository.js:12)');
  });

  it('leaves the formatting to a formatter that is there, and puts it back', () => {
    const own = (_: Error, frames: NodeJS.CallSite[]): string => `Error\n    at async here (${process.cwd()}/src/${frames.length}.ts:7:9)`;
    Error.prepareStackTrace = own;
    expect(siteOf(stackOf(frame('/srv/app.js', 'x'), frame('/srv/b.js', 'y')))).toBe('here (src/1.ts:7)');
    expect(Error.prepareStackTrace).toBe(own);
  });

  it('reads frames without a name', () => {
    Error.prepareStackTrace = () => `Error\n    at ${process.cwd()}/src/a.ts:7:9`;
    expect(siteOf(stackOf(frame('/srv/app.js', 'x')))).toBe('src/a.ts:7');
  });
});
