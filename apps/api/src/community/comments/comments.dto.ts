import { z } from 'zod';
import { pageParameters, pagination } from '../../http/page.js';
import { answeredTimestamp, id, text } from '../../http/schema.js';

const body = text(5000).regex(/\S/, 'must not be blank');

export const newComment = z.strictObject({ body }).meta({ id: 'NewComment', examples: [{ body: 'The second one broke after a month.' }] });

export const commentChange = z
  .strictObject({ body })
  .meta({ id: 'CommentChange', examples: [{ body: 'The second one broke after a year.' }] });

export const commentsQuery = z.object(pageParameters);

export const comment = z
  .object({
    id,
    post_id: id,
    author: z.object({ id, username: z.string() }),
    body: z.string(),
    created_at: answeredTimestamp,
    updated_at: answeredTimestamp,
  })
  .meta({
    id: 'Comment',
    examples: [
      {
        id: 1,
        post_id: 1,
        author: { id: 42, username: 'ana.torres' },
        body: 'The second one broke after a month.',
        created_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
        updated_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
      },
    ],
  });

export const commentPage = z.object({ comments: z.array(comment), pagination }).meta({ id: 'CommentPage' });

/** Id of the last comment of a page. */
export const commentCursor = z.tuple([id]);

export type NewComment = z.output<typeof newComment>;
export type Comment = z.output<typeof comment>;
export type CommentPage = z.output<typeof commentPage>;
