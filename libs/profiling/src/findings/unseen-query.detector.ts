import type { Finding } from './finding.js';

/** The profiler's own alarm: the database answered a request on a connection of the pool, and no statement was told. */
export const unseenQuery = (endpoint: string, seenQueries: number): Finding => ({
  kind: 'unseen-query',
  endpoint,
  title: 'The database was used past the profiler',
  fix: 'Send statements through query() of the pooled connection, not through the driver below it; nothing else can be measured.',
  figures: { seen_queries: seenQueries },
});
