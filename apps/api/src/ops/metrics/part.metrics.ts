import { Injectable } from '@nestjs/common';
import { PartWatch } from '../health/part-watch.js';
import { addGauge, addGaugeBy } from './gauges.js';

/** Whether what the process needs is there, as it was seen last. */
@Injectable()
export class PartMetrics {
  constructor(parts: PartWatch) {
    addGauge('database_up', 'Whether PostgreSQL answers: 1 or 0', () =>
      parts.isDatabaseUp === undefined ? undefined : Number(parts.isDatabaseUp),
    );
    addGaugeBy('server', 'redis_up', 'Whether a Redis that is configured answers: 1 or 0', () =>
      Object.entries(parts.redisServers).map(([server, isUp]) => [server, Number(isUp)]),
    );
  }
}
