import type { Answer } from '../app.harness.js';
import type { Shopper } from '../checkout.fixture.js';
import { admin, anyone, mostly, nobody, product, type Operations, type Turn } from './world.fixture.js';

interface Written {
  readonly id: number;
  readonly author: Shopper;
}

let made = 0;
const nothing: Written = { id: 987_654_321, author: nobody };

/** Few and popular ones, so that writers meet. */
const post = ({ world, chance }: Turn): Written => chance.pick(world.posts.slice(-8), nothing);
const comment = ({ world, chance }: Turn): Written => chance.pick(world.comments.slice(-40), nothing);
const tag = ({ world, chance }: Turn) => chance.pick(world.tags.slice(-8), { id: nothing.id, slug: 'none' });

const references = (turn: Turn) => ({ tags: [tag(turn).slug, tag(turn).slug], product_ids: [product(turn)] });

async function write(turn: Turn, path: string, body: unknown, list: Written[]): Promise<Answer> {
  const author = anyone(turn);
  const answer = await turn.app.post(path, body, { as: author.token });
  if (answer.status === 201) list.push({ id: answer.body['id'], author });
  return answer;
}

const edit = (turn: Turn, kind: string, { id, author }: Written, body: unknown): Promise<Answer> =>
  turn.app.patch(`/${kind}/${id}`, body, { as: mostly(turn, author).token });
const remove = (turn: Turn, kind: string, { id, author }: Written): Promise<Answer> =>
  turn.app.delete(`/${kind}/${id}`, { as: mostly(turn, author).token });

async function createTag(turn: Turn): Promise<Answer> {
  const answer = await turn.app.post('/tags', { name: `Tag ${(made += 1)}` }, { as: mostly(turn, admin(turn)).token });
  if (answer.status === 201) turn.world.tags.push({ id: answer.body['id'], slug: answer.body['slug'] });
  return answer;
}

export const communityOperations: Operations = {
  'POST /posts': [15, (turn) => write(turn, '/posts', { title: 'A title', body: 'A body', ...references(turn) }, turn.world.posts)],
  'PATCH /posts/{id}': [
    12,
    (turn) => edit(turn, 'posts', post(turn), { title: 'Another', ...(turn.chance.is(0.6) ? references(turn) : {}) }),
  ],
  'DELETE /posts/{id}': [8, (turn) => remove(turn, 'posts', post(turn))],
  'POST /posts/{id}/comments': [35, (turn) => write(turn, `/posts/${post(turn).id}/comments`, { body: 'Well said' }, turn.world.comments)],
  'PATCH /comments/{id}': [8, (turn) => edit(turn, 'comments', comment(turn), { body: 'Better said' })],
  'DELETE /comments/{id}': [20, (turn) => remove(turn, 'comments', comment(turn))],
  'POST /tags': [6, createTag],
  'PATCH /tags/{id}': [
    4,
    (turn) => turn.app.patch(`/tags/${tag(turn).id}`, { name: `Tag ${(made += 1)}` }, { as: mostly(turn, admin(turn)).token }),
  ],
  'DELETE /tags/{id}': [3, (turn) => turn.app.delete(`/tags/${tag(turn).id}`, { as: mostly(turn, admin(turn)).token })],
};
