import { Cache, type WriteBehindCounter } from '@app/cache';
import type { Clock } from '@app/common';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK } from '../../app.tokens.js';
import { PostsRepository, type DailyViews } from './posts.repository.js';

/** The views of this process. The last ones are written when the server has answered its last request, before the pool closes. */
@Injectable()
export class PostViews implements OnApplicationShutdown {
  private readonly logger = new Logger('PostViews');
  private readonly counter: WriteBehindCounter;

  constructor(
    cache: Cache,
    posts: PostsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.counter = cache.counter('post_views', {
      flush: (sums) => posts.addViews([...sums].map(([id, views]) => dailyViews(id, views))),
      onError: (error) => this.logger.warn({ err: error }, `views of posts wait for the next try (${this.counter.dropped} dropped so far)`),
    });
  }

  count(postId: number): void {
    this.counter.add(`${new Date(this.clock.now()).toISOString().slice(0, 10)}/${postId}`);
  }

  flush(): Promise<void> {
    return this.counter.flush();
  }

  onApplicationShutdown(): Promise<void> {
    return this.counter.stop();
  }
}

function dailyViews(id: string, views: number): DailyViews {
  const [day = '', postId] = id.split('/');
  return { postId: Number(postId), day, views };
}
