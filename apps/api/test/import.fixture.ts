import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Json, TestApp } from './app.harness.js';
import type { Shopper } from './checkout.fixture.js';

export const columns = ['sku', 'name', 'price', 'stock_quantity', 'category'] as const;

type Cells = Readonly<Record<string, string | number>>;

/** A file of ours. Rows are given by what matters to the test; the rest is a lamp in the first category of the tree. */
export function csvOf(rows: readonly Cells[], header: readonly string[] = columns): string {
  const defaults: Cells = { name: 'Lamp', price: '10', stock_quantity: 5, category: '1' };
  const lines = rows.map((row) => header.map((column) => quoted(String(row[column] ?? defaults[column] ?? ''))).join(','));
  return [header.join(','), ...lines, ''].join('\n');
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export const importCsv = (app: TestApp, user: Shopper, body: string | Buffer, query = ''): Promise<Answer> =>
  app.post(`/products/import${query}`, body, { as: user.token, headers: { 'content-type': 'text/csv' } });

/** What an import came to: its five figures. */
export const figures = ({ body }: Answer): Json => {
  const { created, updated, unchanged, failed, rows } = (body['report'] ?? body) as Json;
  return { rows, created, updated, unchanged, failed };
};

/** Whatever an import may write, as numbers that change when it does. */
export async function fingerprint(app: TestApp): Promise<Json> {
  const [row] = await app.query(`
    SELECT (SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM products p) AS products, (SELECT count(*) FROM categories) AS categories,
           (SELECT count(*) FROM stock_movements) AS movements, (SELECT count(*) FROM outbox) AS events,
           (SELECT count(*) FROM audit_log) AS audited, (SELECT count(*) FROM search_terms) AS words`);
  return row ?? {};
}

export interface Form {
  readonly type: string;
  readonly body: string;
}

interface FormPart {
  readonly name: string;
  readonly value: string;
  readonly filename?: string;
}

export function formOf(...parts: readonly FormPart[]): Form {
  const texts = parts.map(({ name, value, filename }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: text/csv`;
    return `--frontier\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
  });
  return { type: 'multipart/form-data; boundary=frontier', body: `${texts.join('')}--frontier--\r\n` };
}

export const importForm = (app: TestApp, user: Shopper, { type, body }: Form, query = ''): Promise<Answer> =>
  app.post(`/products/import${query}`, body, { as: user.token, headers: { 'content-type': type } });

interface Sent {
  readonly status: number;
  readonly body: Json;
}

/** An upload over a real connection, piece by piece. `type` is that of a CSV file unless told. */
export class SlowUpload {
  readonly answer: Promise<Sent>;
  private readonly message: ReturnType<typeof request>;

  constructor(
    app: TestApp,
    user: Shopper,
    { type = 'text/csv', headers = {} }: { type?: string; headers?: Record<string, string | number> } = {},
  ) {
    const { port } = app.nest.getHttpServer().address() as AddressInfo;
    this.message = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/products/import',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': type, ...headers },
    });
    this.answer = new Promise<Sent>((resolve, reject) => {
      this.message.once('error', reject);
      this.message.once('response', (response) => void bodyOf(response).then(resolve, reject));
    });
    // Whoever breaks the connection off does not ask for the answer.
    this.answer.catch(() => undefined);
  }

  send = (text: string | Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      this.message.write(text, (error) => (error ? reject(error) : resolve()));
    });

  end = (text = ''): void => void this.message.end(text);

  breakOff = (): void => void this.message.destroy();
}

async function bodyOf(response: IncomingMessage): Promise<Sent> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as Json };
}

/** Looks again until the look gives what is wanted, and fails when it never does. */
export async function eventually<T>(look: () => Promise<T>, isWanted: (seen: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    if (attempt === 1000) throw new Error(`waited in vain; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const auditOf = (app: TestApp, user: Shopper): Promise<Json[]> =>
  app.query(
    `SELECT entity_type, entity_id, changes, request_id FROM audit_log WHERE actor_id = $1 AND action = 'product.import' ORDER BY id`,
    [user.id],
  );
