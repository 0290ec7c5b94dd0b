import { ResponseCache } from '@app/cache';
import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { cacheTags } from '../cache/cache-types.js';
import { Public } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import { idParameter } from '../http/schema.js';
import { userStats } from './users.dto.js';
import { UsersService } from './users.service.js';

/** What anybody may know of a user. */
@ApiTags('users')
@Controller('users')
export class PublicUsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':id/stats')
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'user_stats', tags: [cacheTags.user('{id}')] })
  @ApiDoc({ summary: 'Public figures of a user', answer: userStats, problems: [404] })
  stats(@Param('id', { schema: idParameter }) id: number) {
    return this.users.getStats(id);
  }
}
