import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { Public } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { metricsForbidden } from './metrics.problems.js';

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** The scrape endpoint. Prometheus sends `METRICS_TOKEN` as a bearer token; without one it is open on loopback, outside production. */
@Controller('metrics')
export class MetricsController extends PrometheusController {
  constructor(@Inject(CONFIG) private readonly config: Config) {
    super();
  }

  @Get()
  @Public()
  @ApiProduces('application/openmetrics-text')
  @ApiDoc({ summary: 'Metrics in the Prometheus text format', answer: z.string(), problems: [401] })
  override async index(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    if (!this.isAllowed(reply.request)) throw metricsForbidden();
    return super.index(reply);
  }

  private isAllowed(request: FastifyRequest): boolean {
    const { token } = this.config.metrics;
    if (token === undefined) return this.config.mode !== 'production' && loopback.has(request.ip);
    const given = request.headers.authorization?.replace(/^Bearer /i, '') ?? '';
    return timingSafeEqual(digest(given), digest(token));
  }
}
