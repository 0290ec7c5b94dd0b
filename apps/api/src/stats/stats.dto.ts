import { z } from 'zod';
import { id } from '../http/schema.js';

const count = z.int().min(0);

export const siteStats = z
  .object({
    users: count.describe('Active ones'),
    products: count.describe('On sale'),
    categories: count.describe('Active ones'),
    orders: count.describe('Not cancelled'),
    reviews: count.describe('Approved ones'),
    posts: count,
    comments: count,
    average_rating: z.number().nullable().describe('Of the approved reviews, two decimals; null when there is none'),
    top_categories: z
      .array(z.object({ id, name: z.string(), slug: z.string(), product_count: count, order_count: count }))
      .describe('The five whose products were ordered most often in the last 30 days; the most products breaking ties'),
    top_authors: z.array(z.object({ id, username: z.string(), posts_count: count })).describe('The five with the most posts'),
  })
  .meta({
    id: 'SiteStats',
    examples: [
      {
        users: 20_000,
        products: 47_500,
        categories: 2513,
        orders: 94_000,
        reviews: 95_000,
        posts: 10_000,
        comments: 30_000,
        average_rating: 4.07,
        top_categories: [{ id: 77, name: 'Headphones', slug: 'headphones', product_count: 120, order_count: 2400 }],
        top_authors: [{ id: 42, username: 'ana.torres', posts_count: 31 }],
      },
    ],
  });

export type SiteStats = z.output<typeof siteStats>;
