import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestApp, type TestApp } from './app.harness.js';
import { describeWith } from './setup/services.js';

const run = promisify(execFile);

/** How many cases per operation; `FUZZ_EXAMPLES` raises it for a long run by hand. */
const examples = process.env['FUZZ_EXAMPLES'] ?? '15';

// What an uploaded file holds is no part of the document: one that is no CSV is refused, and may be.
const settings = `
[reports]
directory = "reports"

[[operations]]
include-name = "POST /products/import"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "415"]
`;

interface Outcome {
  readonly code: number;
  readonly report: string;
}

async function fuzz(url: string, token: string, folder: string): Promise<Outcome> {
  const config = join(folder, 'schemathesis.toml');
  await writeFile(config, settings);
  const args = ['--config-file', config, 'run', `${url}/openapi.json`, '--url', url, '--checks', 'all', '--seed', '7', '--no-shrink'];
  // Each takes the seconds it is asked to take, 30 at most; profiling-captures.e2e-spec tests them.
  args.push('--exclude-path-regex', '^/profiling/(cpu|heap)$');
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
    const { stdout } = await run('schemathesis', args, { cwd: folder, timeout: 600_000, maxBuffer: 64_000_000 });
    return { code: 0, report: stdout };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code: number; stdout?: string; stderr?: string };
    return { code, report: stdout + stderr };
  }
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
    const { code, report } = await fuzz(await app.nest.getUrl(), token, folder);
    if (code !== 0) process.stdout.write(report.slice(-20_000));
    expect(code).toBe(0);
  }, 620_000);
});
