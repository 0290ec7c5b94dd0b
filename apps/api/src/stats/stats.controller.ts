import { ResponseCache } from '@app/cache';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { ConditionalGet } from '../http/conditional-get.js';
import { siteStats } from './stats.dto.js';
import { StatsRepository } from './stats.repository.js';

@ApiTags('stats')
@Controller('stats')
export class StatsController {
  constructor(private readonly stats: StatsRepository) {}

  @Get()
  @Public()
  @ConditionalGet()
  @ResponseCache({ type: 'dashboard_stats' })
  @ApiDoc({ summary: 'The shop in figures', answer: siteStats })
  read() {
    return this.stats.read();
  }
}
