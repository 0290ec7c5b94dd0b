import { z } from 'zod';
import { pageParameters, pagination } from '../../http/page.js';
import { answeredTimestamp, id, idParameter, integerParameter, line, text } from '../../http/schema.js';

const title = line(200).regex(/\S/, 'must not be blank');
const body = text(20_000).regex(/\S/, 'must not be blank');
const tags = z.array(line(80)).max(10).describe('Slugs of tags; admins make them. Naming one twice is naming it once');
const productIds = z.array(id).max(20).describe('Products that the post is about, all on sale');

export const newPost = z.strictObject({ title, body, tags: tags.optional(), product_ids: productIds.optional() }).meta({
  id: 'NewPost',
  examples: [{ title: 'Five headphones compared', body: 'We wore each of them for a week.', tags: [], product_ids: [1] }],
});

export const postChange = z
  .strictObject({ title: title.optional(), body: body.optional(), tags: tags.optional(), product_ids: productIds.optional() })
  .meta({ id: 'PostChange', examples: [{ title: 'Six headphones compared' }] });

export const pageQuery = z.object(pageParameters);

export const postsQuery = z.object({
  ...pageParameters,
  tag: line(80).optional().describe('Slug of a tag'),
  author_id: idParameter.optional(),
  q: line(200).optional().describe('Words that title or body hold, all of them, in any form'),
});

export const trendingQuery = z.object({ limit: integerParameter(1, 100).optional().describe('How many, 10 unless told') });

const fields = {
  id,
  title: z.string(),
  slug: z.string().describe('Made from the first title and kept when it changes, so that links stay'),
  body: z.string(),
  author: z.object({ id, username: z.string() }),
  tags: z.array(z.string()),
  product_ids: z.array(id),
  comments_count: z.int(),
  view_count: z.int().describe('Views are counted in batches, so it may be some seconds behind'),
  published_at: answeredTimestamp,
  updated_at: answeredTimestamp,
};

const example = {
  id: 1,
  title: 'Five headphones compared',
  slug: 'five-headphones-compared-1',
  body: 'We wore each of them for a week.',
  author: { id: 42, username: 'ana.torres' },
  tags: ['headphones'],
  product_ids: [1],
  comments_count: 3,
  view_count: 180,
  published_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
  updated_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
};

export const post = z.object(fields).meta({ id: 'Post', examples: [example] });

export const postPage = z.object({ posts: z.array(post), pagination }).meta({ id: 'PostPage' });

const trendingPost = z
  .object({ ...fields, score: z.number().describe('What it is ranked by: recent views and comments, newer ones weighing more') })
  .meta({ id: 'TrendingPost', examples: [{ ...example, score: 214.5 }] });

export const trendingPosts = z.object({ posts: z.array(trendingPost) }).meta({ id: 'TrendingPosts' });

/** Microseconds since the epoch and id of the last post of a page. */
export const postCursor = z.tuple([z.int().min(0), id]);

export type NewPost = z.output<typeof newPost>;
export type PostChange = z.output<typeof postChange>;
export type PostsQuery = z.output<typeof postsQuery>;
export type Post = z.output<typeof post>;
export type PostPage = z.output<typeof postPage>;
export type TrendingPost = z.output<typeof trendingPost>;
