import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { describeWith } from './setup/services.js';

const run = promisify(execFile);

/** How many cases per operation; `FUZZ_EXAMPLES` raises it for a long run by hand. */
const examples = process.env['FUZZ_EXAMPLES'] ?? '8';

/** What no document can say of a value that has the right shape, and what the answer to it is. */
const refusals = [
  { status: '400', why: 'a cursor that this service has not given out', takes: 'cursor' },
  { status: '412', why: 'a version that has been changed since', takes: 'If-Match' },
  { status: '400', why: "a token that is in nobody's mail", of: ['POST /auth/reset-password', 'POST /auth/verify-email'] },
  { status: '400', why: 'an address in a private network, or of no host', takes: 'url' },
  { status: '400', why: 'an address whose host is longer than a host may be', takes: 'image_url' },
  { status: '400', why: 'a product that is not on sale', takes: 'product_ids' },
  { status: '400', why: 'a seller or a category that is not there', takes: 'category_id' },
  { status: '422', why: 'a key that was used for another order', takes: 'Idempotency-Key' },
  { status: '400', why: 'a file that is no CSV', of: ['POST /products/import'] },
  { status: '415', why: 'a file of another kind', of: ['POST /products/import'] },
];

const accepted = ['2xx', '3xx', '401', '403', '404', '409', '429', '5xx'];
const rejected = ['400', '401', '403', '404', '405', '406', '409', '415', '422', '428', '429', '5xx'];

/** Every check, of every operation; one that may refuse a value for what it means may do so with that status alone. */
function settingsOf(document: Json): string {
  const sections = ['[reports]', 'directory = "reports"'];
  for (const [path, methods] of Object.entries<Json>(document['paths'])) {
    for (const [method, operation] of Object.entries<Json>(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const known = namesIn(operation, document);
      const also = refusals.filter(({ takes, of }) => (takes ? known.has(takes) : of?.includes(name))).map(({ status }) => status);
      if (also.length === 0) continue;
      const list = (statuses: string[]) => JSON.stringify([...new Set([...statuses, ...also])]);
      sections.push('[[operations]]', `include-name = "${name}"`);
      sections.push(`checks.positive_data_acceptance.expected-statuses = ${list(accepted)}`);
      sections.push(`checks.negative_data_rejection.expected-statuses = ${list(rejected)}`);
    }
  }
  return sections.join('\n');
}

/** Of the parameters of an operation, and of the fields of its body. */
function namesIn(operation: Json, document: Json): Set<string> {
  const parameters = ((operation['parameters'] as Json[] | undefined) ?? []).map(({ name }) => String(name));
  const schema = (operation['requestBody']?.content?.['application/json']?.schema ?? {}) as Json;
  const body = schema['$ref'] ? (document['components'].schemas[String(schema['$ref']).split('/').at(-1) ?? ''] as Json) : schema;
  return new Set([...parameters, ...Object.keys((body['properties'] as Json | undefined) ?? {})]);
}

interface Outcome {
  readonly code: number;
  readonly report: string;
}

async function fuzz(url: string, token: string, folder: string): Promise<Outcome> {
  const config = join(folder, 'schemathesis.toml');
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Json;
  await writeFile(config, settingsOf(document));
  const args = ['--config-file', config, 'run', `${url}/openapi.json`, '--url', url, '--checks', 'all', '--seed', '7', '--no-shrink'];
  // Each takes the seconds it is asked to take, 30 at most; profiling-captures.e2e-spec tests them.
  args.push('--exclude-path-regex', '^/profiling/(cpu|heap)$');
  // Says of the generator that it has to try often, as for an e-mail address, and nothing of the service.
  args.push('--suppress-health-check', 'filter_too_much,too_slow');
  args.push(
    '--max-examples',
    examples,
    '--continue-on-failure',
    '--workers',
    '1',
    '--request-timeout',
    '20',
    '-H',
    `Authorization: Bearer ${token}`,
  );
  try {
    const { stdout } = await run('schemathesis', args, { cwd: folder, timeout: 900_000, maxBuffer: 64_000_000 });
    return { code: 0, report: stdout };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code: number; stdout?: string; stderr?: string };
    return { code, report: stdout + stderr };
  }
}

/** Some of the operations end sessions and accounts. Those of the caller stay, or the rest of the run would see nothing but 401. */
async function keep(app: TestApp, userId: number): Promise<void> {
  await app.query(`
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE TG_OP WHEN 'UPDATE' THEN OLD END; END $$`);
  for (const [table, column] of [
    ['users', 'id'],
    ['sessions', 'user_id'],
  ] as const)
    await app.query(`
      CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW WHEN (OLD.${column} = ${userId}) EXECUTE FUNCTION keep()`);
}

describeWith('schemathesis', () => {
  let app: TestApp;
  let folder: string;
  beforeAll(async () => {
    app = await startTestApp();
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
    folder = await mkdtemp(join(tmpdir(), 'techmart-fuzz-'));
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('finds no server error, no undocumented status and no answer that breaks its schema, on any route', async () => {
    const token = await app.token('admin');
    await keep(app, 1);
    const { code, report } = await fuzz(await app.nest.getUrl(), token, folder);
    if (code !== 0) process.stdout.write(report.slice(-20_000));
    expect(code).toBe(0);
  }, 920_000);
});
