import type { RequestProfile } from '../capture/request-profile.js';
import type { Finding } from './finding.js';

export interface OverFetchingOptions {
  /** Reads below this many bytes are not worth a finding. */
  readonly overFetchBytes: number;
  /** How many times as much is read as is sent. */
  readonly overFetchRatio: number;
}

/**
 * Many rows or wide columns read, few sent. Compares what the server sent for all reads of a request with the body of the answer
 * before compression; answers without a body, refusals and writes are not judged. Aggregates that the database makes read little.
 */
export function detectOverFetching(profile: RequestProfile, options: OverFetchingOptions): Finding[] {
  if (profile.readBytes < options.overFetchBytes) return [];
  const reads = profile.queries.filter(({ fingerprint }) => fingerprint.kind === 'select');
  const readBytes = reads.reduce((sum, query) => sum + query.readBytes, 0);
  const { bodyBytes, statusCode, endpoint } = profile;
  const isJudged = profile.endpoint.startsWith('GET ') && statusCode === 200 && bodyBytes > 0;
  if (!isJudged || readBytes < options.overFetchBytes || readBytes < bodyBytes * options.overFetchRatio) return [];
  const widest = reads.reduce((most, query) => (query.readBytes > most.readBytes ? query : most));
  const { fingerprint, rowCount, site } = widest;
  const perRow = Math.round(widest.readBytes / Math.max(1, rowCount));
  return [
    {
      kind: 'over-fetching',
      endpoint,
      title: `${readBytes} bytes are read to send ${bodyBytes}`,
      fix:
        rowCount > 100
          ? `Let the database choose: this statement gives ${rowCount} rows of ${perRow} bytes. Add a LIMIT or a condition, or aggregate in SQL.`
          : `Name the columns that the answer needs instead of all of them: each of its ${rowCount} rows has ${perRow} bytes.`,
      statement: { id: fingerprint.id, text: fingerprint.text },
      ...(typeof site === 'string' ? { site } : {}),
      figures: { read_bytes: readBytes, sent_bytes: bodyBytes, rows: rowCount },
    },
  ];
}
