import { WriteBehindCounter, type Cache } from '@app/cache';
import { PostViews } from './post-views.js';
import type { DailyViews, PostsRepository } from './posts.repository.js';

describe('views of posts', () => {
  it('belong to the day on which the post was seen, and are written together', async () => {
    const batches: DailyViews[][] = [];
    let now = Date.parse('2026-01-31T23:59:50Z');
    const counting = {
      counter: (_type: string, options: ConstructorParameters<typeof WriteBehindCounter>[0]) => new WriteBehindCounter(options),
    };
    const repository = { addViews: async (batch: DailyViews[]) => void batches.push(batch) };
    const clock = { now: () => now, monotonic: () => now };
    const views = new PostViews(counting as unknown as Cache, repository as unknown as PostsRepository, clock);
    for (const postId of [7, 7, 9]) views.count(postId);
    now += 20_000;
    views.count(7);
    await views.flush();
    expect(batches).toEqual([
      [
        { postId: 7, day: '2026-01-31', views: 2 },
        { postId: 9, day: '2026-01-31', views: 1 },
        { postId: 7, day: '2026-02-01', views: 1 },
      ],
    ]);
  });
});
