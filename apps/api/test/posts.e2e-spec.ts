import { PostViews } from '../src/community/posts/post-views.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { readAll, refusal, writers, type Writers } from './community.fixture.js';

let app: TestApp;
let people: Writers;

beforeAll(async () => {
  app = await startTestApp();
  people = await writers(app);
});
afterAll(() => app.close());

const write = async (fields: Json = {}, as = people.asAna): Promise<Json> => {
  const answer = await app.post('/posts', { title: 'A title', body: 'A body', ...fields }, { as });
  expect(answer.status).toBe(201);
  return answer.body;
};

const tagSlugs = async (count: number): Promise<string[]> =>
  (await app.query<{ slug: string }>('SELECT slug FROM tags ORDER BY id DESC LIMIT $1', [count])).map(({ slug }) => slug).toSorted();

describe('a new post', () => {
  it('is public at once, with author, tags and products', async () => {
    const tags = await tagSlugs(2);
    const answer = await app.post(
      '/posts',
      { title: 'Así suena: 3 auriculares', body: 'Uno.\nDos.', tags: [tags[1], tags[0], tags[1]], product_ids: [2, 1] },
      { as: people.asAna },
    );
    expect(answer.status).toBe(201);
    const { id } = answer.body;
    expect(answer.body).toEqual({
      id,
      title: 'Así suena: 3 auriculares',
      slug: `asi-suena-3-auriculares-${id}`,
      body: 'Uno.\nDos.',
      author: { id: people.ana, username: expect.any(String) },
      tags,
      product_ids: [1, 2],
      comments_count: 0,
      view_count: 0,
      published_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect((await app.get(`/posts/${id}`)).body).toEqual(answer.body);
    expect((await app.get('/posts')).body['posts'][0]).toEqual(answer.body);
  });

  it('has a slug of its own, whatever it is called and whoever writes at once', async () => {
    const same = await Promise.all(Array.from({ length: 10 }, () => write({ title: 'Same title' })));
    expect(same.map(({ slug }) => slug)).toEqual(same.map(({ id }) => `same-title-${id}`));
    const nameless = await write({ title: '🎧!' });
    expect(nameless['slug']).toBe(`post-${nameless['id']}`);
  });

  it('names every tag and product that is not there, and writes nothing', async () => {
    const [known] = await tagSlugs(1);
    await app.query('UPDATE products SET is_active = false WHERE id = 7');
    const before = await app.query('SELECT count(*) FROM posts');
    const answer = await app.post(
      '/posts',
      { title: 'T', body: 'B', tags: [known, 'no-such-tag'], product_ids: [1, 7, 987_654] },
      { as: people.asAna },
    );
    expect(refusal(answer)).toEqual([400, 'invalid-input', '/tags/1', '/product_ids/1', '/product_ids/2']);
    expect(answer.body['detail']).toBe('there is no tag no-such-tag; there is no product 7 on sale; there is no product 987654 on sale');
    expect(await app.query('SELECT count(*) FROM posts')).toEqual(before);
  });

  it.each<[Json, string]>([
    [{ body: 'B' }, '/title'],
    [{ title: ' ', body: 'B' }, '/title'],
    [{ title: 'T\n', body: 'B' }, '/title'],
    [{ title: 'T', body: '' }, '/body'],
    [{ title: 'T', body: 'x'.repeat(20_001) }, '/body'],
    [{ title: 'T', body: 'B', tags: Array.from({ length: 11 }, (_, n) => `t${n}`) }, '/tags'],
    [{ title: 'T', body: 'B', product_ids: [0] }, '/product_ids/0'],
    [{ title: 'T', body: 'B', view_count: 9 }, '/view_count'],
  ])('number %# of these bodies is refused at the place that is wrong', async (body, pointer) => {
    expect(refusal(await app.post('/posts', body, { as: people.asAna }))).toEqual([400, 'invalid-input', pointer]);
  });

  it('needs a token', async () => {
    expect((await app.post('/posts', { title: 'T', body: 'B' })).status).toBe(401);
  });
});

describe('an edit', () => {
  it('changes what it names, keeps the slug and the rest', async () => {
    const tags = await tagSlugs(3);
    const post = await write({ tags: tags.slice(0, 2), product_ids: [1, 2] });
    const path = `/posts/${post['id']}`;
    const { body } = await app.patch(path, { title: 'Another', tags: tags.slice(1) }, { as: people.asAna });
    expect(body).toEqual({ ...post, title: 'Another', tags: tags.slice(1), updated_at: expect.any(String) });
    expect(new Date(body['updated_at']).getTime()).toBeGreaterThan(new Date(post['updated_at']).getTime());
    const emptied = await app.patch(path, { body: 'New', tags: [], product_ids: [3] }, { as: people.asAna });
    expect(emptied.body).toMatchObject({ title: 'Another', body: 'New', tags: [], product_ids: [3] });
    expect((await app.get(path)).body).toEqual(emptied.body);
  });

  it('with an unknown tag changes nothing', async () => {
    const post = await write({ product_ids: [1] });
    const answer = await app.patch(`/posts/${post['id']}`, { title: 'X', tags: ['nope'], product_ids: [] }, { as: people.asAna });
    expect(refusal(answer)).toEqual([400, 'invalid-input', '/tags/0']);
    expect((await app.get(`/posts/${post['id']}`)).body).toMatchObject({ title: 'A title', product_ids: [1] });
  });

  it("and a deletion are the author's and the admins', and not found to others", async () => {
    const post = await write();
    const path = `/posts/${post['id']}`;
    expect(refusal(await app.patch(path, { title: 'Mine' }, { as: people.asBen }))).toEqual([404, 'post-not-found']);
    expect(refusal(await app.delete(path, { as: people.asBen }))).toEqual([404, 'post-not-found']);
    expect([(await app.patch(path, { title: 'Mine' })).status, (await app.delete(path)).status]).toEqual([401, 401]);
    expect((await app.get(path)).body['title']).toBe('A title');

    const edited = await app.patch(path, { title: 'Moderated' }, { as: people.asAdmin });
    expect([edited.status, edited.body['title'], edited.body['author'].id]).toEqual([200, 'Moderated', people.ana]);
    expect((await app.delete(path, { as: people.asAdmin })).status).toBe(204);
    expect((await app.get(path)).status).toBe(404);
    const trail = await app.query(`SELECT action, actor_id FROM audit_log WHERE entity_type = 'post' AND entity_id = $1 ORDER BY id`, [
      post['id'],
    ]);
    expect(trail).toEqual([
      { action: 'post.update', actor_id: 1 },
      { action: 'post.delete', actor_id: 1 },
    ]);
  });

  it("of one's own leaves no trace in the audit, and a deletion takes the comments along", async () => {
    const post = await write({ tags: await tagSlugs(1), product_ids: [1] });
    const { body: comment } = await app.post(`/posts/${post['id']}/comments`, { body: 'Hello' }, { as: people.asBen });
    expect((await app.delete(`/posts/${post['id']}`, { as: people.asAna })).status).toBe(204);
    expect((await app.get(`/comments/${comment['id']}`)).status).toBe(404);
    expect((await app.delete(`/posts/${post['id']}`, { as: people.asAna })).status).toBe(404);
    expect(await app.query(`SELECT FROM audit_log WHERE entity_type = 'post' AND entity_id = $1`, [post['id']])).toEqual([]);
  });

  it.each(['/posts/987654321', '/posts/0', '/posts/x'])('of %s is answered alike by all three methods', async (path) => {
    const status = path === '/posts/987654321' ? 404 : 400;
    const answers = [await app.get(path), await app.patch(path, {}, { as: people.asAna }), await app.delete(path, { as: people.asAna })];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
  });
});

describe('lists of posts', () => {
  it('show the newest first, in one statement, with everything joined', async () => {
    const { count, result } = await app.queriesOf(() => app.get('/posts?page_size=50'));
    expect(count).toBe(1);
    const { posts, pagination } = result.body;
    expect(posts).toHaveLength(50);
    const [{ total }] = (await app.query<{ total: number }>('SELECT count(*) AS total FROM posts')) as [{ total: number }];
    expect(pagination).toEqual({
      page: 1,
      page_size: 50,
      total_count: total,
      total_pages: Math.ceil(total / 50),
      next_cursor: expect.any(String),
    });
    const order = await app.query<{ id: number }>('SELECT id FROM posts ORDER BY published_at DESC, id DESC LIMIT 50');
    expect(posts.map((post: Json) => post['id'])).toEqual(order.map(({ id }) => id));
    expect(posts.some((post: Json) => post['tags'].length > 0 && post['product_ids'].length > 0)).toBe(true);
  });

  it.each([
    ['/posts', 'true'],
    ['/tags/1/posts', 'id IN (SELECT post_id FROM post_tags WHERE tag_id = 1)'],
    ['/users/:ana/posts', 'author_id = $1'],
    ['/posts?q=a+title', `title ~* 'title'`],
  ])('%s: cursor pages hold each post once, though many are equally old', async (path, condition) => {
    for (let n = 0; n < 9; n += 1) await write();
    await app.query(`UPDATE posts SET published_at = date_trunc('day', published_at)`);
    const expected = await app.query<{ id: number }>(
      `SELECT id FROM posts WHERE ($1::bigint IS NOT NULL) AND ${condition} ORDER BY published_at DESC, id DESC`,
      [people.ana],
    );
    const rows = await readAll(app, path.replace(':ana', String(people.ana)), 'posts', 7);
    expect(rows.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(rows.length).toBeGreaterThan(8);
  });

  it('filter by tag, author and words, together', async () => {
    const [tag] = await tagSlugs(1);
    const mine = await write({ title: 'Comparing quadraphonic speakers', tags: [tag] }, people.asBen);
    await write({ title: 'Comparing quadraphonic speakers', tags: [tag] });
    await write({ title: 'Quadraphonic', body: 'A speaker' }, people.asBen);
    const query = `/posts?tag=${tag}&author_id=${people.ben}&q=SPEAKER+quadraphonic`;
    const { count, result } = await app.queriesOf(() => app.get(query));
    expect([count, result.body['posts'].map((post: Json) => post['id'])]).toEqual([1, [mine['id']]]);
    expect((await app.get('/posts?q=quadraphonic')).body['pagination'].total_count).toBe(3);
    expect((await app.get('/posts?tag=no-such-tag')).body).toEqual({
      posts: [],
      pagination: { page: 1, page_size: 20, total_count: 0, total_pages: 0, next_cursor: null },
    });
  });

  it('leave out products that are no longer on sale', async () => {
    const post = await write({ product_ids: [11, 12] });
    await app.query('UPDATE products SET is_active = false WHERE id = 11');
    expect((await app.get(`/posts/${post['id']}`)).body['product_ids']).toEqual([12]);
  });

  it('of a tag or a user that is not there are not found', async () => {
    expect(refusal(await app.get('/tags/987654/posts'))).toEqual([404, 'tag-not-found']);
    expect(refusal(await app.get('/users/987654/posts'))).toEqual([404, 'user-not-found']);
    await app.query('UPDATE users SET is_active = false WHERE id = 150');
    expect(refusal(await app.get('/users/150/posts'))).toEqual([404, 'user-not-found']);
  });

  it.each(['/tags/1/posts', '/users/3/posts', '/posts/1', '/posts/trending'])('%s takes one statement', async (path) => {
    const { count, result } = await app.queriesOf(() => app.get(path));
    expect([count, result.status, result.headers['cache-control']]).toEqual([1, 200, 'public, max-age=0, must-revalidate']);
  });

  it('refuse bad pages and foreign cursors', async () => {
    const { body } = await app.get('/tags/1/posts?page_size=1');
    const foreign = body['pagination'].next_cursor;
    const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const queries = ['page=0', 'page_size=101', 'page=501', 'author_id=x', `cursor=${foreign}`, 'cursor=!'];
    for (const query of [
      ...queries,
      `cursor=${forged('posts', 'x', 1)}`,
      `cursor=${forged('posts', 1)}`,
      `cursor=${forged('posts', 1, 0)}`,
    ]) {
      expect([query, (await app.get(`/posts?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('trending posts', () => {
  it('are ranked by views and comments of seven days, the newer the heavier', async () => {
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    await app.resolve<PostViews>(PostViews).flush();
    await app.query('TRUNCATE post_daily_views');
    await app.query('DELETE FROM comments');
    const ids: number[] = [];
    for (const title of ['quiet', 'old', 'steady', 'discussed', 'tied', 'tied too']) ids.push((await write({ title }))['id']);
    const [, old, steady, discussed, tied, tiedToo] = ids as [number, number, number, number, number, number];
    const seen = async (id: number, ago: number, views: number) =>
      app.query('INSERT INTO post_daily_views (post_id, day, view_count) VALUES ($1, $2, $3)', [id, day(ago), views]);
    const said = async (id: number, ago: number, times: number) =>
      app.query(
        `INSERT INTO comments (post_id, author_id, body, created_at) SELECT $1, 3, 'x', $2::timestamptz FROM generate_series(1, $3::integer)`,
        [id, `${day(ago)}T00:00:00Z`, times],
      );
    await seen(old, 7, 100_000);
    await seen(old, 6, 80);
    await seen(steady, 0, 20);
    await seen(steady, 2, 20);
    await said(discussed, 0, 2);
    await said(discussed, 4, 6);
    await said(discussed, 7, 100);
    await seen(tied, 0, 10);
    await said(tiedToo, 0, 1);

    const { body } = await app.get('/posts/trending');
    expect(body['posts'].map((post: Json) => [post['id'], post['score']])).toEqual([
      [discussed, 2 * 10 + (6 * 10) / 4],
      [steady, 20 + 20 / 2],
      [tiedToo, 10],
      [tied, 10],
      [old, 80 / 8],
    ]);
    expect(body['posts'][0]).toMatchObject({ title: 'discussed', comments_count: 108, author: { id: people.ana } });
    expect((await app.get('/posts/trending?limit=2')).body['posts'].map((post: Json) => post['id'])).toEqual([discussed, steady]);
  });

  it('are at least one and at most a hundred', async () => {
    expect([(await app.get('/posts/trending?limit=0')).status, (await app.get('/posts/trending?limit=101')).status]).toEqual([400, 400]);
  });
});
