import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { CacheOpsService } from './cache-ops.service.js';
import {
  cacheExplanation,
  cacheStats,
  explainQuery,
  invalidated,
  invalidation,
  keyList,
  keysQuery,
  warmUpReport,
  type CacheInvalidation,
  type ExplainQuery,
  type KeysQuery,
} from './cache.dto.js';
import { explanationView, statsView } from './cache.view.js';

/** The cache, for admins. */
@ApiTags('cache')
@Controller('cache')
export class CacheController {
  constructor(private readonly ops: CacheOpsService) {}

  @Get('stats')
  @Access('admin')
  @ApiDoc({
    summary: 'How the cache does, by type and layer',
    description: 'Figures of the process that answers, since it started; `redis` is of the whole server.',
    answer: cacheStats,
  })
  async stats() {
    return statsView(await this.ops.stats());
  }

  @Get('keys')
  @Access('admin')
  @ApiDoc({ summary: 'Keys that are stored or being loaded', description: 'Of Redis and of the process that answers.', answer: keyList })
  keys(@Query({ schema: keysQuery }) query: KeysQuery) {
    return this.ops.keys(query);
  }

  @Get('explain')
  @Access('admin')
  @ApiDoc({ summary: 'Why a key is answered as it is', answer: cacheExplanation })
  async explain(@Query({ schema: explainQuery }) { key }: ExplainQuery) {
    return explanationView(await this.ops.explain(key));
  }

  @Post('invalidate')
  @Access('admin')
  @ApiDoc({
    summary: 'End entries on all replicas',
    description: 'By tags, by a pattern, or a whole type. 503: a glob needs a Redis that answers.',
    answer: invalidated,
  })
  invalidate(@CurrentUser() { userId }: Identity, @Body({ schema: invalidation }) body: CacheInvalidation) {
    return this.ops.invalidate(userId, body);
  }

  @Post('warm')
  @Access('admin')
  @ApiDoc({
    summary: 'Load what most visitors ask for first',
    description: 'The tree, popular products, first pages; ten seconds at most. What is there stays as it is.',
    answer: warmUpReport,
  })
  warm(@CurrentUser() { userId }: Identity) {
    return this.ops.warm(userId);
  }
}
