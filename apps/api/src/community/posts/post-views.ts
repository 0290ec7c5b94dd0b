import { systemClock } from '@app/common';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PostsRepository } from './posts.repository.js';
import { ViewCounter } from './view-counter.js';

/** The views of this process. The last ones are written when the server has answered its last request, before the pool closes. */
@Injectable()
export class PostViews implements OnApplicationShutdown {
  private readonly logger = new Logger('PostViews');
  private readonly counter: ViewCounter;

  constructor(posts: PostsRepository) {
    this.counter = new ViewCounter({
      clock: systemClock,
      write: (batch) => posts.addViews(batch),
      flushMs: 5000,
      maxPosts: 10_000,
      onError: (error) => this.logger.warn({ err: error }, `views of posts wait for the next try (${this.counter.dropped} dropped so far)`),
    });
  }

  count(postId: number): void {
    this.counter.count(postId);
  }

  flush(): Promise<void> {
    return this.counter.flush();
  }

  onApplicationShutdown(): Promise<void> {
    return this.counter.stop();
  }
}
