import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startTestApp, type TestApp } from './app.harness.js';
import { newUser, type Shopper } from './checkout.fixture.js';
import { eventually, SlowUpload } from './import.fixture.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is really held, in bytes: objects, and the buffers outside the heap. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const ROWS = 50_000;
const header = 'sku,name,price,stock_quantity,category,brand,image_url';
const address = `https://images.test/${'a'.repeat(1500)}`;
const row = (index: number): string => `VOL-${index},Lamp number ${index},${(index % 900) + 1}.99,${index % 50},1,Acme,${address}\n`;

describe('a file of 50,000 products', () => {
  let app: TestApp;
  let seller: Shopper;

  beforeAll(async () => {
    app = await startTestApp();
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
    seller = await newUser(app, 'seller');
  });
  afterAll(() => app.close());

  /** Sends the file as fast as it is taken, and answers how much more was held meanwhile than before, at most. */
  async function send(): Promise<{ status: number; body: unknown; mostHeld: number; sentBytes: number }> {
    const before = heldBytes();
    const upload = new SlowUpload(app, seller);
    let mostHeld = 0;
    let sentBytes = 0;
    await upload.send(`${header}\n`);
    for (let from = 0; from < ROWS; from += 500) {
      const piece = Array.from({ length: 500 }, (_, index) => row(from + index)).join('');
      await upload.send(piece);
      sentBytes += piece.length;
      if (from % 2500 === 0) mostHeld = Math.max(mostHeld, heldBytes() - before);
    }
    upload.end();
    return { ...(await upload.answer), mostHeld, sentBytes };
  }

  it('is imported whole, in memory that does not grow with it, and a second time changes nothing', async () => {
    const first = await send();
    expect(first).toMatchObject({ status: 200, body: { rows: ROWS, created: ROWS, updated: 0, unchanged: 0, failed: 0, errors: [] } });
    expect(first.sentBytes).toBeGreaterThan(75_000_000);
    expect(first.mostHeld).toBeLessThan(40_000_000);
    const [stored] = await app.query(
      `SELECT count(*), count(DISTINCT slug) AS slugs, sum(stock_quantity) AS stock, min(version) AS version,
              (SELECT sum(delta) FROM stock_movements WHERE actor_id = $1 AND cause = 'import') AS moved
         FROM products WHERE seller_id = $1`,
      [seller.id],
    );
    expect(stored).toEqual({ count: ROWS, slugs: ROWS, stock: 1_225_000, moved: 1_225_000, version: 1 });

    await eventually(
      () => app.query('SELECT FROM job_leases WHERE name = $1', [`product-import:${seller.id}`]),
      (leases) => leases.length === 0,
    );
    const second = await send();
    expect(second).toMatchObject({ status: 200, body: { created: 0, updated: 0, unchanged: ROWS, failed: 0 } });
    expect(second.mostHeld).toBeLessThan(40_000_000);
    expect(await app.query('SELECT max(version) AS version FROM products WHERE seller_id = $1', [seller.id])).toEqual([{ version: 1 }]);
  }, 600_000);
});
