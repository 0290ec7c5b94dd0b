import { z } from 'zod';
import { pageParameters, pagination } from '../../http/page.js';
import { id, line } from '../../http/schema.js';

const name = line(80).regex(/\S/, 'must not be blank');

export const newTag = z.strictObject({ name }).meta({ id: 'NewTag', examples: [{ name: 'Noise cancelling' }] });

export const tagChange = z.strictObject({ name: name.optional() }).meta({ id: 'TagChange', examples: [{ name: 'Noise cancelling' }] });

export const tagsQuery = z.object({ ...pageParameters, q: line(80).optional().describe('A part of the name, in any case') });

export const tag = z
  .object({ id, name: z.string(), slug: z.string().describe('Made from the name; posts name their tags by it'), posts_count: z.int() })
  .meta({ id: 'Tag', examples: [{ id: 1, name: 'Noise cancelling', slug: 'noise-cancelling', posts_count: 12 }] });

export const tagPage = z.object({ tags: z.array(tag), pagination }).meta({ id: 'TagPage' });

/** Lower-case name of the last tag of a page; names are unique without regard to case. */
export const tagCursor = z.tuple([z.string()]);

export type NewTag = z.output<typeof newTag>;
export type TagChange = z.output<typeof tagChange>;
export type TagsQuery = z.output<typeof tagsQuery>;
export type Tag = z.output<typeof tag>;
export type TagPage = z.output<typeof tagPage>;
