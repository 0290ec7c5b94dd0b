import { Client } from 'pg';

/**
 * Asks the server for a sign of life on a connection of its own: a pool whose connections are all busy is no server that is away.
 * The connection is kept while it answers. What it asks is told on no channel. For one caller at a time.
 */
export class SignOfLife {
  private client: Client | undefined;

  constructor(
    private readonly url: string,
    private readonly timeoutMs: number,
  ) {}

  /** False: no answer within the time, whatever the reason. Never rejects. */
  async check(): Promise<boolean> {
    try {
      const client = this.client ?? (await this.open());
      await client.query('SELECT 1');
      return true;
    } catch {
      // The reason is for those who look: the answer is that there is none.
      this.drop();
      return false;
    }
  }

  close(): void {
    this.drop();
  }

  private async open(): Promise<Client> {
    const { url: connectionString, timeoutMs } = this;
    const times = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
    const client = new Client({ connectionString, application_name: 'techmart-sign-of-life', ...times });
    // Unheard, a connection that breaks would end the process.
    client.on('error', () => undefined);
    this.client = client;
    await client.connect();
    return client;
  }

  private drop(): void {
    const { client } = this;
    this.client = undefined;
    // A server that hangs answers no farewell.
    void client?.end().catch(() => undefined);
  }
}
