// Starts with a test run, in jest's own process, and hands out databases to the workers over loopback.
// Plain JavaScript: jest does not map modules here.
import { createServer } from 'node:http';
import { TestServer } from './test-server.mjs';

function serve(databases) {
  const work = {
    '/build': () => databases.build(),
    '/create': (query) => databases.create(query.get('seeded') === 'true'),
    '/drop': (query) => databases.drop(query.get('url')),
  };
  const answer = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    // A connection kept open would be closed by one side just as the other uses it again.
    response.setHeader('connection', 'close');
    try {
      response.end((await work[pathname](searchParams)) ?? '');
    } catch (error) {
      response.writeHead(500).end(error.stack);
    }
  };
  return createServer((request, response) => void answer(request, response));
}

/** Jest ends on a signal without its teardown; a server of PostgreSQL would stay. */
function stopOnSignal(databases) {
  const stop = (signal) =>
    databases.stop().finally(() => {
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return () => process.off('SIGINT', stop).off('SIGTERM', stop);
}

export default async function globalSetup() {
  const databases = new TestServer();
  const server = serve(databases);
  // A worker's idle connection must not end at the moment at which it is used again: its test would fail with ECONNRESET.
  server.keepAliveTimeout = 0;
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  process.env.TECHMART_TEST_DATABASES = `http://127.0.0.1:${server.address().port}`;
  globalThis.techmartTestDatabases = { databases, server, ignoreSignals: stopOnSignal(databases) };
}
