import type { RequestProfile } from '../capture/request-profile.js';
import type { Finding } from './finding.js';

/** The profiler's own alarm: the database answered a request on a connection of the pool, and no statement was told. */
export const unseenQuery = (profile: Pick<RequestProfile, 'endpoint' | 'queryCount'>): Finding => ({
  kind: 'unseen-query',
  endpoint: profile.endpoint,
  title: 'The database was used past the profiler',
  fix: 'Send statements through query() of the pooled connection, not through the driver below it; nothing else can be measured.',
  figures: { seen_queries: profile.queryCount },
});
