import { findRunning } from '@app/database';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Json } from '../app.harness.js';
import { invariants } from '../invariants.fixture.js';
import { ensureBuilt } from '../setup/test-database.js';
import { sendOrder, startProgram, type Program } from './program.fixture.js';

const clients = 8;
const ordersPerRound = 25;

function endIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The program and its PostgreSQL, killed together as a machine that stops. */
describe('a machine that stops while orders are placed', () => {
  let dataDir: string;
  let program: Program | undefined;
  beforeAll(() => ensureBuilt(), 120_000);
  beforeEach(() => {
    dataDir = mkdtempSync('/var/tmp/techmart-crash-');
    chmodSync(dataDir, 0o755);
  });
  afterEach(async () => {
    await crash();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = async (): Promise<Program> => (program = await startProgram({ DATA_DIR: dataDir, SEED_SCALE: '0.01' }));

  async function withDatabase<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: findRunning(join(dataDir, 'postgres'))?.url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** PostgreSQL's own file says which process it is; there may be one although the program never came up. */
  async function crash(): Promise<void> {
    const file = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
    if (existsSync(file)) endIfRunning(Number(readFileSync(file, 'utf8').split('\n')[0]));
    await program?.kill();
    program = undefined;
  }

  async function logIn(url: string): Promise<string> {
    const answer = await fetch(`${url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'customer@techmart.test', password: 'techmart-demo' }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  it('loses no order that was answered, and makes one of each that was not when it is sent again', async () => {
    const answered = new Map<string, number>();
    const sent: { key: string; items: { product_id: number; quantity: number }[] }[] = [];
    const since = await start().then(() => new Date());
    await withDatabase((client) => client.query('UPDATE products SET stock_quantity = 10000, is_active = true WHERE id <= 9'));
    const token = await logIn(program!.url);

    for (let round = 0; round < 2; round += 1) {
      const { url } = program!;
      const target = answered.size + ordersPerRound;
      let isUp = true;
      const client = async (n: number): Promise<void> => {
        for (let step = 0; isUp; step += 1) {
          const order = { key: `${round}-${n}-${step}`, items: [1 + (step % 5), 7, 9].map((product_id) => ({ product_id, quantity: 1 })) };
          sent.push(order);
          const answer = await sendOrder(url, { token, ...order });
          if (answer?.status === 201) answered.set(order.key, answer.id);
          if (answered.size >= target) isUp = false;
        }
      };
      const working = Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
      while (answered.size < target) await new Promise((resolve) => setImmediate(resolve));
      await crash();
      await working;
      await start();
    }

    const outcomes: [string, unknown][] = [];
    for (const order of sent) outcomes.push([order.key, await sendOrder(program!.url, { token, ...order })]);
    const expected = sent.map(({ key }) => [key, { status: 201, id: answered.get(key) ?? expect.any(Number) }]);
    expect(outcomes).toEqual(expected);
    expect(new Set(outcomes.map(([, answer]) => (answer as { id: number }).id)).size).toBe(sent.length);
    const violations = await withDatabase(async (client) => {
      await client.query(`SELECT set_config('techmart.events_since', $1, false)`, [since.toISOString()]);
      return (await client.query<Json>(invariants)).rows;
    });
    expect(violations).toEqual([]);
  }, 240_000);
});
