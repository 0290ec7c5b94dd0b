import { defineCacheTypes } from '@app/cache';

/** A 404 is remembered for half a minute; what was seen before may be answered for five minutes while the database is away. */
const negativeTtl = 30;
const grace = 300;

/** What is cached and for how many seconds. Strict: never older than an acknowledged write. */
export const cacheTypes = defineCacheTypes({
  product_detail: { ttl: 3600, prefix: 'prod', grace, negativeTtl, consistency: 'strict' },
  product_list: { ttl: 1800, prefix: 'prod_list', grace },
  product_search: { ttl: 1800, prefix: 'search', grace },
  category_tree: { ttl: 7200, prefix: 'cat_tree', grace, negativeTtl },
  category_products: { ttl: 1800, prefix: 'cat_prod', grace, negativeTtl },
  popular_products: { ttl: 1800, prefix: 'popular', grace, strategy: 'refresh-ahead' },
  product_reviews: { ttl: 1800, prefix: 'reviews', grace, negativeTtl },
  user_profile: { ttl: 3600, prefix: 'user', consistency: 'strict' },
  user_cart: { ttl: 1800, prefix: 'cart', consistency: 'strict' },
  session: { ttl: 1800, prefix: 'session', consistency: 'strict', strategy: 'write-through' },
  user_permissions: { ttl: 60, prefix: 'perm', consistency: 'strict', localOnly: true, maxEntries: 1000 },
  user_orders: { ttl: 3600, prefix: 'orders', consistency: 'strict' },
  order_detail: { ttl: 3600, prefix: 'order', consistency: 'strict' },
  user_stats: { ttl: 300, prefix: 'user_stats', grace, negativeTtl },
  dashboard_stats: { ttl: 300, prefix: 'stats', grace, strategy: 'refresh-ahead' },
  trending_posts: { ttl: 600, prefix: 'trending', grace, strategy: 'refresh-ahead' },
  post_views: { ttl: 600, prefix: 'views', strategy: 'write-behind' },
  post_list: { ttl: 600, prefix: 'posts', grace, negativeTtl },
});
export type CacheTypeName = keyof typeof cacheTypes;

/** An id, or the place of one in the tags of a route. */
type Id = number | '{id}';

/** What ends entries together. Each name is written here alone. */
export const cacheTags = {
  product: (id: Id) => `product:${id}`,
  /** Every list in which products stand, or could. */
  catalogue: 'catalogue',
  /** Those in which this one stands. */
  listed: (productId: number) => `listed:${productId}`,
  /** Those that choose by what is in stock. */
  byStock: 'by-stock',
  /** The tree and its counts, which move with every product. */
  categories: 'categories',
  /** The names on the way to a product: what its page shows of the tree. */
  categoryNames: 'category-names',
  reviews: (productId: Id) => `reviews:${productId}`,
  user: (id: Id) => `user:${id}`,
  /** What a log-in changes of a user: nothing but the profile shows it. */
  profile: (userId: number) => `profile:${userId}`,
  cart: (userId: number) => `cart:${userId}`,
  session: (id: string) => `session:${id}`,
  ordersOf: (userId: number) => `orders:${userId}`,
  order: (id: number) => `order:${id}`,
  posts: 'posts',
} as const;
