import { AlertFigures } from '../src/ops/alerts/alert-figures.js';
import { startTestApp, type TestApp } from './app.harness.js';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** What PostgreSQL does when its disk is full, for one table: it refuses what writes, with this very code. */
const fill = `
  CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER full_disk BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION full_disk()`;
const makeRoom = 'DROP TRIGGER full_disk ON posts; DROP FUNCTION full_disk()';

describe('a database whose disk is full', () => {
  let app: TestApp;
  let author: string;
  beforeAll(async () => {
    app = await startTestApp({ clock });
    author = await app.token('customer');
  });
  afterAll(() => app.close());

  const write = () => app.post('/posts', { title: 'A title', body: 'What it says.' }, { as: author });
  const counted = async (): Promise<string | undefined> =>
    /^db_exhausted_total\{resource="disk"\} (\d+)$/m.exec((await app.get('/metrics')).text)?.[1];
  /** What the rule DatabaseExhausted of the AlertManager looks at. */
  const alerted = (): number | undefined => app.resolve<AlertFigures>(AlertFigures).sample(clock).database_exhaustions_15m;

  it('says so to who writes, keeps nothing of it, goes on reading, counts it for the alert, and recovers', async () => {
    expect([(await write()).status, alerted()]).toEqual([201, 0]);
    const count = async () => (await app.query('SELECT count(*)::int AS n FROM posts'))[0]?.['n'] as number;
    const before = await count();
    await app.query(fill);
    const refused = await write();
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '60']);
    expect(refused.body).toMatchObject({
      type: 'https://techmart.dev/problems/storage-exhausted',
      title: 'Nothing can be stored at present',
    });
    expect([await count(), (await app.get('/products/1')).status, await counted(), alerted()]).toEqual([before, 200, '1', 1]);
    await app.query(makeRoom);
    expect((await write()).status).toBe(201);
  });
});
