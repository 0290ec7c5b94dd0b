/** One connection, for the profiler alone: outside the application's pool, so that looking at a statement is not profiled itself. */
export interface SqlSession {
  query<Row>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Opens one; it is closed after each use. Not through a pooler that shares sessions: settings are made in it. */
export type OpenSession = () => Promise<SqlSession>;

/** Nothing is written, and nothing takes long, whatever the statement that is looked at. */
const guards = `SET default_transaction_read_only = on; SET statement_timeout = '5s'; SET lock_timeout = '1s'`;

export async function withSession<T>(open: OpenSession, work: (session: SqlSession) => Promise<T>): Promise<T> {
  const session = await open();
  try {
    await session.query(guards);
    return await work(session);
  } finally {
    await session.close();
  }
}
