import { createTestDatabase, type TestDatabase } from './databases.js';
import { Passage } from './passage.js';
import { SignOfLife } from '../src/index.js';

describe('SignOfLife', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
  });
  afterAll(() => database.drop());

  it('says whether the server answers: when it is gone, when it hangs, and when it is back', async () => {
    const target = new URL(database.url);
    let passage = new Passage();
    const port = await passage.start(target);
    const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) }).href;
    const sign = new SignOfLife(url, 300);
    const seen = [await sign.check(), await sign.check()];
    passage.block(true);
    seen.push(await sign.check(), await sign.check());
    await passage.stop();
    seen.push(await sign.check());
    passage = new Passage();
    await passage.start(target, port);
    seen.push(await sign.check());
    sign.close();
    await passage.stop();
    expect(seen).toEqual([true, true, false, false, false, true]);
  });
});
