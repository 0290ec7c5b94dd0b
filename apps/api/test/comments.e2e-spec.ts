import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { readAll, refusal, writers, type Writers } from './community.fixture.js';

let app: TestApp;
let people: Writers;

beforeAll(async () => {
  app = await startTestApp();
  people = await writers(app);
});
afterAll(() => app.close());

const comment = async (postId: number, body = 'Well said', as = people.asAna): Promise<Json> => {
  const answer = await app.post(`/posts/${postId}/comments`, { body }, { as });
  expect(answer.status).toBe(201);
  return answer.body;
};
const countOf = async (postId: number): Promise<number> => (await app.get(`/posts/${postId}`)).body['comments_count'];

describe('a new comment', () => {
  it('is the last of its post, and counted', async () => {
    const before = await countOf(1);
    const written = await comment(1, 'Line one\nline two');
    expect(written).toEqual({
      id: written['id'],
      post_id: 1,
      author: { id: people.ana, username: expect.any(String) },
      body: 'Line one\nline two',
      created_at: expect.stringMatching(/Z$/),
      updated_at: written['created_at'],
    });
    expect((await app.get(`/comments/${written['id']}`)).body).toEqual(written);
    const { body } = await app.get('/posts/1/comments?page_size=100');
    expect(body['comments'].at(-1)).toEqual(written);
    expect([await countOf(1), body['pagination'].total_count, body['comments'].length]).toEqual([before + 1, before + 1, before + 1]);
  });

  it('is refused without a token, without a post, and when it is not valid', async () => {
    expect((await app.post('/posts/1/comments', { body: 'x' })).status).toBe(401);
    const as = people.asAna;
    expect(refusal(await app.post('/posts/987654321/comments', { body: 'x' }, { as }))).toEqual([404, 'post-not-found']);
    expect(refusal(await app.post('/posts/0/comments', { body: 'x' }, { as }))).toEqual([400, 'invalid-input', '/path/id']);
    for (const body of ['', ' \n ', 'a\u0000b', 'x'.repeat(5001), 7, null]) {
      expect(refusal(await app.post('/posts/1/comments', { body }, { as }))).toEqual([400, 'invalid-input', '/body']);
    }
    expect(refusal(await app.post('/posts/1/comments', { body: 'x', post_id: 2 }, { as }))).toEqual([400, 'invalid-input', '/post_id']);
  });
});

describe('an edit and a deletion', () => {
  it("are the author's", async () => {
    const written = await comment(2);
    const path = `/comments/${written['id']}`;
    const edited = await app.patch(path, { body: 'Better said' }, { as: people.asAna });
    expect([edited.status, edited.body]).toEqual([200, { ...written, body: 'Better said', updated_at: expect.any(String) }]);
    expect(edited.body['updated_at'] > written['updated_at']).toBe(true);
    const before = await countOf(2);
    expect((await app.delete(path, { as: people.asAna })).status).toBe(204);
    expect([(await app.get(path)).status, (await app.delete(path, { as: people.asAna })).status, await countOf(2)]).toEqual([
      404,
      404,
      before - 1,
    ]);
    expect(await app.query(`SELECT FROM audit_log WHERE entity_type = 'comment' AND entity_id = $1`, [written['id']])).toEqual([]);
  });

  it('are not found to others, and refused without a token', async () => {
    const written = await comment(2);
    const path = `/comments/${written['id']}`;
    expect(refusal(await app.patch(path, { body: 'Mine' }, { as: people.asBen }))).toEqual([404, 'comment-not-found']);
    expect(refusal(await app.delete(path, { as: people.asBen }))).toEqual([404, 'comment-not-found']);
    expect([(await app.patch(path, { body: 'Mine' })).status, (await app.delete(path)).status]).toEqual([401, 401]);
    expect(refusal(await app.patch(path, { body: ' ' }, { as: people.asAna }))).toEqual([400, 'invalid-input', '/body']);
    expect((await app.get(path)).body).toEqual(written);
  });

  it("are the admins' too, who leave a trace", async () => {
    const written = await comment(2);
    const path = `/comments/${written['id']}`;
    expect((await app.patch(path, { body: 'Moderated' }, { as: people.asAdmin })).body['author'].id).toBe(people.ana);
    expect((await app.delete(path, { as: people.asAdmin })).status).toBe(204);
    const trail = await app.query(
      `SELECT actor_id, action, changes FROM audit_log WHERE entity_type = 'comment' AND entity_id = $1 ORDER BY id`,
      [written['id']],
    );
    const changes = { post_id: 2, author_id: people.ana, body: 'Moderated' };
    expect(trail).toEqual([
      { actor_id: 1, action: 'comment.update', changes },
      { actor_id: 1, action: 'comment.delete', changes },
    ]);
  });
});

describe('lists of comments', () => {
  it('are read oldest first, page by page, each comment once, in one statement a page', async () => {
    for (let n = 0; n < 8; n += 1) await comment(3, `Comment ${n}`, n % 2 ? people.asBen : people.asAna);
    const expected = await app.query<{ id: number }>('SELECT id FROM comments WHERE post_id = 3 ORDER BY id');
    const { count, result } = await app.queriesOf(() => readAll(app, '/posts/3/comments', 'comments', 3));
    expect(result.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(count).toBe(Math.ceil(expected.length / 3));
    const second = await app.get('/posts/3/comments?page=2&page_size=3');
    expect(second.body['comments'].map((row: Json) => row['id'])).toEqual(expected.slice(3, 6).map(({ id }) => id));
  });

  it('count exactly, whoever writes and deletes at once', async () => {
    const before = await countOf(4);
    const written = await Promise.all(Array.from({ length: 30 }, (_, n) => comment(4, `c${n}`, n % 2 ? people.asBen : people.asAna)));
    await Promise.all(written.slice(0, 10).map(({ id }) => app.delete(`/comments/${id}`, { as: people.asAdmin })));
    const [real] = await app.query<{ count: number }>('SELECT count(*) FROM comments WHERE post_id = 4');
    expect([await countOf(4), real?.count]).toEqual([before + 20, before + 20]);
  });

  it('are empty for a post without any, and not found without a post', async () => {
    const { body: post } = await app.post('/posts', { title: 'T', body: 'B' }, { as: people.asAna });
    expect((await app.get(`/posts/${post['id']}/comments`)).body).toEqual({
      comments: [],
      pagination: { page: 1, page_size: 20, total_count: 0, total_pages: 0, next_cursor: null },
    });
    expect(refusal(await app.get('/posts/987654321/comments'))).toEqual([404, 'post-not-found']);
  });

  it('refuse a cursor of another post', async () => {
    const { body } = await app.get('/posts/3/comments?page_size=1');
    expect((await app.get(`/posts/4/comments?cursor=${body['pagination'].next_cursor}`)).status).toBe(400);
  });

  it('and single comments take one statement', async () => {
    const [row] = await app.query<{ id: number }>('SELECT min(id) AS id FROM comments');
    for (const path of ['/posts/3/comments?page_size=100', `/comments/${row?.id}`]) {
      const { count, result } = await app.queriesOf(() => app.get(path));
      expect([path, count, result.status]).toEqual([path, 1, 200]);
    }
  });
});
