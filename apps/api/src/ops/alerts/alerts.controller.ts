import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { idParameter } from '../../http/schema.js';
import {
  acknowledgement,
  alert,
  alertHistory,
  alertList,
  historyQuery,
  newSilence,
  silence,
  type Acknowledgement,
  type HistoryQuery,
  type NewSilence,
} from './alerts.dto.js';
import { AlertsService } from './alerts.service.js';

const ofThisProcess = 'Evaluated every five seconds on the figures of the process that answers; a restart forgets them.';

@ApiTags('monitoring')
@Controller('monitoring/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get()
  @Access('admin')
  @ApiDoc({ summary: 'What is wrong now, and what is silenced', description: ofThisProcess, answer: alertList })
  list() {
    return this.alerts.list();
  }

  @Get('history')
  @Access('admin')
  @ApiDoc({ summary: 'Alerts that fired and are resolved', description: `${ofThisProcess} 500 are kept.`, answer: alertHistory })
  history(@Query({ schema: historyQuery }) { limit = 50 }: HistoryQuery) {
    return this.alerts.history(limit);
  }

  @Post(':id/acknowledge')
  @Access('admin')
  @ApiDoc({ summary: 'Take an alert on', description: 'It stays until it is resolved.', status: 200, answer: alert, problems: [404] })
  acknowledge(
    @Param('id', { schema: idParameter }) id: number,
    @Body({ schema: acknowledgement }) { comment }: Acknowledgement,
    @CurrentUser() { userId }: Identity,
  ) {
    return this.alerts.acknowledge(id, userId, comment);
  }

  @Post('silences')
  @Access('admin')
  @ApiDoc({
    summary: 'Tell nobody of the alerts of a rule for a while',
    description: 'They are evaluated and shown all the same.',
    status: 201,
    answer: silence,
    problems: [409],
  })
  silence(@Body({ schema: newSilence }) body: NewSilence, @CurrentUser() { userId }: Identity) {
    return this.alerts.silence(body, userId);
  }

  @Delete('silences/:id')
  @Access('admin')
  @ApiDoc({ summary: 'End a silence', description: 'What still fires is told then.', problems: [404] })
  endSilence(@Param('id', { schema: idParameter }) id: number, @CurrentUser() { userId }: Identity) {
    return this.alerts.endSilence(id, userId);
  }
}
