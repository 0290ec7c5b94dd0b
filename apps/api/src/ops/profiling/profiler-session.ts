import type { OpenSession } from '@app/profiling';
import { Client } from 'pg';

/** The driver's own client: what the profiler asks is neither told on the channels nor counted for a request. */
export const openProfilerSession =
  (url: string): OpenSession =>
  async () => {
    const client = new Client({ connectionString: url, application_name: 'techmart-profiler', connectionTimeoutMillis: 5000 });
    // A connection that breaks fails the statement that runs; unheard, it would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return {
      query: async <Row>(text: string, parameters: readonly unknown[] = []) => {
        const { rows } = await client.query(text, [...parameters]);
        return rows as Row[];
      },
      close: () => client.end(),
    };
  };
