import { z } from 'zod';
import { pageParameters, pagination } from '../http/page.js';
import { answeredTimestamp, booleanParameter, id, line, text } from '../http/schema.js';

const rating = z.int().min(1).max(5);
const title = line(200).regex(/\S/, 'must not be blank').nullish();
const comment = text(5000).regex(/\S/, 'must not be blank').nullish();

export const newReview = z
  .strictObject({ rating, title, comment })
  .meta({ id: 'NewReview', examples: [{ rating: 5, title: 'Excellent', comment: 'Sound and battery are what was promised.' }] });

export const reviewChange = z
  .strictObject({ rating: rating.optional(), title: title.describe('null clears'), comment: comment.describe('null clears') })
  .meta({ id: 'ReviewChange', examples: [{ rating: 4, comment: null }] });

export const reviewsQuery = z.object(pageParameters);

export const moderationQuery = z.object({
  ...pageParameters,
  is_approved: booleanParameter()
    .optional()
    .describe(
      'false, which is meant unless told: waiting ones, the longest waiting first, then rejected ones. true: approved ones, newest first',
    ),
});

export const review = z
  .object({
    id,
    product_id: id,
    user: z.object({ id, username: z.string() }),
    rating,
    title: z.string().nullable(),
    comment: z.string().nullable(),
    is_verified_purchase: z
      .boolean()
      .describe('The author had an order of this product that was shipped or delivered, when it was written, edited or moderated'),
    is_approved: z.boolean(),
    moderated_at: answeredTimestamp.nullable().describe('null while it waits for a moderator'),
    created_at: answeredTimestamp,
  })
  .meta({
    id: 'Review',
    examples: [
      {
        id: 1,
        product_id: 1,
        user: { id: 42, username: 'ana.torres' },
        rating: 5,
        title: 'Excellent',
        comment: 'Sound and battery are what was promised.',
        is_verified_purchase: true,
        is_approved: true,
        moderated_at: '2026-01-31T14:00:00.000Z' as unknown as Date,
        created_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
      },
    ],
  });

export const reviewPage = z.object({ reviews: z.array(review), pagination }).meta({ id: 'ReviewPage' });

export type NewReview = z.output<typeof newReview>;
export type ReviewChange = z.output<typeof reviewChange>;
export type Review = z.output<typeof review>;
export type ReviewPage = z.output<typeof reviewPage>;
export type ModerationQuery = z.output<typeof moderationQuery>;

const micros = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Microseconds since the epoch and id of the last review of a page; in the queue, first whether it was moderated. */
export const reviewCursor = z.tuple([micros, id]);
export const queueCursor = z.tuple([z.int().min(0).max(1), micros, id]);
