import { queryFinished } from '@app/common';
import { createDataSource } from '@app/database';
import { PostViews } from '../src/community/posts/post-views.js';
import { PostsRepository } from '../src/community/posts/posts.repository.js';
import { startTestApp, type TestApp } from './app.harness.js';

const today = (): string => new Date().toISOString().slice(0, 10);

const views = async (app: Pick<TestApp, 'query'>, id: number): Promise<unknown[]> => {
  const daily = await app.query<{ day: string; view_count: number }>(
    'SELECT day::text, view_count FROM post_daily_views WHERE post_id = $1 ORDER BY day DESC LIMIT 1',
    [id],
  );
  const [post] = await app.query<{ view_count: number }>('SELECT view_count FROM posts WHERE id = $1', [id]);
  return [post?.view_count, daily[0]?.day, daily[0]?.view_count];
};

describe('views of posts', () => {
  let app: TestApp;
  let repository: PostsRepository;

  beforeAll(async () => {
    app = await startTestApp();
    repository = app.resolve(PostsRepository);
    await app.query('TRUNCATE post_daily_views');
    await app.query('UPDATE posts SET view_count = 0');
  });
  afterAll(() => app.close());

  it('cost the reader no write, and are written together', async () => {
    const { statements } = await app.queriesOf(() => Promise.all(Array.from({ length: 25 }, (_, n) => app.get(`/posts/${1 + (n % 5)}`))));
    expect(statements.filter((sql) => /INSERT|UPDATE/.test(sql))).toEqual([]);
    const written: string[] = [];
    const stop = queryFinished.subscribe(({ text }) => text.includes('post_daily_views') && written.push(text));
    await app.resolve<PostViews>(PostViews).flush();
    stop();
    expect(written).toHaveLength(1);
    expect(await views(app, 3)).toEqual([5, today(), 5]);
    expect((await app.get('/posts/5')).body['view_count']).toBe(5);
    expect((await app.get('/posts/987654321')).status).toBe(404);
  });

  it('add up over batches and days', async () => {
    await repository.addViews([
      { postId: 10, day: '2026-01-30', views: 2 },
      { postId: 10, day: '2026-01-31', views: 3 },
    ]);
    await repository.addViews([{ postId: 10, day: '2026-01-31', views: 4 }]);
    expect(await views(app, 10)).toEqual([9, '2026-01-31', 7]);
  });

  it('of a post that was deleted meanwhile are dropped, and the others kept', async () => {
    await app.query('DELETE FROM posts WHERE id = 20');
    await repository.addViews([
      { postId: 20, day: today(), views: 2 },
      { postId: 21, day: today(), views: 3 },
    ]);
    expect(await views(app, 21)).toEqual([3, today(), 3]);
    expect(await app.query('SELECT FROM post_daily_views WHERE post_id = 20')).toEqual([]);
  });

  it('of many replicas that write at once all count, without a deadlock', async () => {
    const batch = Array.from({ length: 50 }, (_, n) => ({ postId: 30 + n, day: today(), views: 1 }));
    const batches = Array.from({ length: 20 }, (_, n) => (n % 2 ? batch : batch.toReversed()));
    await Promise.all(batches.map((rows) => repository.addViews(rows)));
    for (const id of [30, 55, 79]) expect(await views(app, id)).toEqual([20, today(), 20]);
  });

  it('leave the time of the last edit alone', async () => {
    const [before] = await app.query('SELECT updated_at FROM posts WHERE id = 90');
    await repository.addViews([{ postId: 90, day: today(), views: 1 }]);
    expect(await app.query('SELECT updated_at FROM posts WHERE id = 90')).toEqual([before]);
  });
});

it('views that wait are written before the service stops', async () => {
  const app = await startTestApp();
  const times = { acquireTimeoutMs: 5000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
  const other = await createDataSource({ url: app.url, poolSize: 1, ...times, applicationName: 'techmart-tests' }).initialize();
  await other.query('TRUNCATE post_daily_views');
  await other.query('UPDATE posts SET view_count = 0');
  await Promise.all(Array.from({ length: 7 }, () => app.get('/posts/1')));
  expect(await views(other, 1)).toEqual([0, undefined, undefined]);
  await app.nest.close();
  expect(await views(other, 1)).toEqual([7, today(), 7]);
  await other.destroy();
  await app.close();
});
