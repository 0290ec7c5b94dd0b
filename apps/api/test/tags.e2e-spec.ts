import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { readAll, refusal, writers, type Writers } from './community.fixture.js';

let app: TestApp;
let people: Writers;

beforeAll(async () => {
  app = await startTestApp();
  people = await writers(app);
});
afterAll(() => app.close());

const make = async (name: string): Promise<Json> => {
  const answer = await app.post('/tags', { name }, { as: people.asAdmin });
  expect(answer.status).toBe(201);
  return answer.body;
};

describe('tags', () => {
  it('are made by admins alone, with a slug of the name', async () => {
    const made = await make('Café & Té');
    expect(made).toEqual({ id: made['id'], name: 'Café & Té', slug: 'cafe-te', posts_count: 0 });
    expect((await app.get(`/tags/${made['id']}`)).body).toEqual(made);
    const symbols = await make('♥♥');
    expect(symbols['slug']).toBe(`tag-${symbols['id']}`);
    const seller = await app.token('seller');
    const answers = [
      await app.post('/tags', { name: 'X' }, { as: people.asAna }),
      await app.post('/tags', { name: 'X' }, { as: seller }),
      await app.patch(`/tags/${made['id']}`, { name: 'X' }, { as: people.asAna }),
      await app.delete(`/tags/${made['id']}`, { as: seller }),
      await app.post('/tags', { name: 'X' }),
      await app.patch(`/tags/${made['id']}`, { name: 'X' }),
      await app.delete(`/tags/${made['id']}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 401, 401, 401]);
  });

  it.each(['', ' ', 'a\nb', 'x'.repeat(81), 7])('are refused the name %j', async (name) => {
    expect(refusal(await app.post('/tags', { name }, { as: people.asAdmin }))).toEqual([400, 'invalid-input', '/name']);
  });

  it('have names and slugs of their own', async () => {
    await make('Turntables');
    for (const name of ['Turntables', 'TURNTABLES', 'turntables', 'Turntables!']) {
      expect([name, ...refusal(await app.post('/tags', { name }, { as: people.asAdmin }))]).toEqual([name, 409, 'tag-taken']);
    }
    const other = await make('Needles');
    expect(refusal(await app.patch(`/tags/${other['id']}`, { name: 'turntables' }, { as: people.asAdmin }))).toEqual([409, 'tag-taken']);
    expect((await app.get(`/tags/${other['id']}`)).body).toEqual(other);
  });

  it('are renamed with their slug, and posts keep them', async () => {
    const made = await make('Phons');
    const { body: post } = await app.post('/posts', { title: 'T', body: 'B', tags: ['phons'] }, { as: people.asAna });
    const renamed = await app.patch(`/tags/${made['id']}`, { name: 'Phones of ours' }, { as: people.asAdmin });
    expect([renamed.status, renamed.body]).toEqual([
      200,
      { id: made['id'], name: 'Phones of ours', slug: 'phones-of-ours', posts_count: 1 },
    ]);
    expect((await app.get(`/posts/${post['id']}`)).body['tags']).toEqual(['phones-of-ours']);
    expect((await app.patch(`/tags/${made['id']}`, {}, { as: people.asAdmin })).body).toEqual(renamed.body);
    expect((await app.patch(`/tags/${made['id']}`, { name: 'PHONES OF OURS' }, { as: people.asAdmin })).status).toBe(200);
  });

  it('are deleted without the posts that had them', async () => {
    const made = await make('Passing');
    const { body: post } = await app.post('/posts', { title: 'T', body: 'B', tags: ['passing'] }, { as: people.asAna });
    expect((await app.delete(`/tags/${made['id']}`, { as: people.asAdmin })).status).toBe(204);
    expect((await app.get(`/posts/${post['id']}`)).body['tags']).toEqual([]);
    const as = people.asAdmin;
    const path = `/tags/${made['id']}`;
    const gone = [await app.get(path), await app.patch(path, { name: 'Y' }, { as }), await app.delete(path, { as })];
    for (const answer of gone) expect(refusal(answer)).toEqual([404, 'tag-not-found']);
    const trail = await app.query(
      `SELECT action, actor_id, changes FROM audit_log WHERE entity_type = 'tag' AND entity_id = $1 ORDER BY id`,
      [made['id']],
    );
    const changes = { name: 'Passing', slug: 'passing' };
    expect(trail).toEqual([
      { action: 'tag.create', actor_id: 1, changes },
      { action: 'tag.delete', actor_id: 1, changes },
    ]);
  });
});

describe('the list of tags', () => {
  it('goes by name with counts of posts, each tag once, in one statement a page', async () => {
    const expected = await app.query(
      `SELECT id, name, slug, (SELECT count(*)::integer FROM post_tags WHERE tag_id = tags.id) AS posts_count FROM tags ORDER BY lower(name)`,
    );
    expect(expected.length).toBeGreaterThan(10);
    const { count, result } = await app.queriesOf(() => readAll(app, '/tags', 'tags', 4));
    expect(result).toEqual(expected);
    expect(count).toBe(Math.ceil(expected.length / 4));
    const third = await app.get('/tags?page=3&page_size=4');
    expect(third.body['tags']).toEqual(expected.slice(8, 12));
    expect(third.body['pagination']).toMatchObject({ page: 3, total_count: expected.length, total_pages: Math.ceil(expected.length / 4) });
  });

  it('finds a part of a name in any case, and takes no pattern', async () => {
    const made = await make('100% Vinyl_ish');
    expect((await app.get('/tags?q=VINYL')).body['tags']).toEqual([made]);
    expect((await app.get('/tags?q=0%25%20v')).body['tags']).toEqual([made]);
    expect((await app.get('/tags?q=v_nyl')).body['tags']).toEqual([]);
  });

  it('and a tag take one statement, and bad input is refused', async () => {
    for (const path of ['/tags?page_size=100', '/tags/1']) expect((await app.queriesOf(() => app.get(path))).count).toBe(1);
    for (const path of ['/tags/x', '/tags?page_size=0', '/tags?cursor=WyJ0YWdzIiwxXQ']) {
      expect([path, (await app.get(path)).status]).toEqual([path, 400]);
    }
  });
});
