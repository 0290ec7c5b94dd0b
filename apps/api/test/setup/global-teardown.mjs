export default async function globalTeardown() {
  const { databases, server } = globalThis.techmartTestDatabases;
  server.close();
  server.closeAllConnections();
  await databases.stop();
}
