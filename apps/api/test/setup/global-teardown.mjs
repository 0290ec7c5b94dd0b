export default async function globalTeardown() {
  const { databases, server, ignoreSignals } = globalThis.techmartTestDatabases;
  server.close();
  server.closeAllConnections();
  await databases.stop();
  ignoreSignals();
}
