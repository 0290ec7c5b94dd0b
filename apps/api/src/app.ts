import type { Clock } from '@app/common';
import { ConnectionMetrics } from '@app/monitoring';
import { Profiler } from '@app/profiling';
import { RateLimitService } from '@app/rate-limit';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger as Pino } from 'pino';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { refuseOverCapacity } from './http/capacity.js';
import { registerCompression } from './http/compression.js';
import { answerHits } from './http/hits.js';
import { AllowedMethods } from './http/method-not-allowed.js';
import { serveDocumentation } from './http/documentation.js';
import { ProblemFilter } from './http/problem.filter.js';
import { registerRequestLifecycle, requestIdOf, tallyQueries } from './http/request-lifecycle.js';
import { registerSecurityHeaders, securityHeaders } from './http/security-headers.js';
import { trustedHops, type TrustsHop } from './http/trusted-hops.js';
import { Uploads } from './http/uploads.js';
import { answerUnroutable } from './http/unroutable.js';
import { limitUnguarded } from './http/unguarded-answers.js';
import { Readiness } from './ops/health/readiness.js';
import { linkProfiles } from './ops/profiling/profile-link.js';
import { nestLogger } from './logger.js';
import { logRequests } from './request-log.js';

function createAdapter(config: Config, uploads: Uploads, trusts: TrustsHop | undefined): FastifyAdapter {
  return new FastifyAdapter({
    genReqId: requestIdOf,
    trustProxy: trusts ?? false,
    bodyLimit: config.http.bodyLimitBytes,
    requestTimeout: config.http.requestTimeoutMs,
    clientErrorHandler: uploads.handleClientError,
    frameworkErrors: answerUnroutable,
    // A request that arrives on an open connection while we drain is answered, with `Connection: close`.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: { connectionsCheckingInterval: 1000 },
    routerOptions: { maxParamLength: 250, ignoreTrailingSlash: true },
  });
}

/**
 * The application, ready to listen or to be injected into: the same for `main.ts` and for the tests. Closing it stops its
 * listeners and pools, not the database server.
 */
export async function createApp(config: Config, databaseUrl: string, logger: Pino, clock?: Clock): Promise<NestFastifyApplication> {
  const uploads = new Uploads(config.http.requestTimeoutMs);
  const trusts = trustedHops(config.http.trustProxy);
  const adapter = createAdapter(config, uploads, trusts);
  const server = adapter.getInstance<FastifyInstance>();
  const allowedMethods = new AllowedMethods(server);
  registerRequestLifecycle(server);
  const isTraced = config.tracing.endpoint !== undefined;
  if (isTraced) (await import('./ops/tracing/tracing.js')).startTracing(server, config.tracing);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, databaseUrl, clock), adapter, {
    bodyParser: false,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  const headers = securityHeaders();
  answerHits(server, app, { headers, trusts, isTraced });
  registerSecurityHeaders(server, headers);
  refuseOverCapacity(server, app.get(RateLimitService));
  server.removeContentTypeParser('text/plain');
  await uploads.register(server);
  app.useGlobalFilters(new ProblemFilter(allowedMethods));
  if (config.http.corsOrigins.length > 0) app.enableCors({ origin: [...config.http.corsOrigins], exposedHeaders });
  app.get(ConnectionMetrics, { strict: false }).watch(server.server);
  limitUnguarded(server, app.get(RateLimitService));
  registerCompression(server);
  const readiness = app.get(Readiness);
  server.addHook('onSend', (_request, reply, payload, done) => {
    // Clients that keep connections open move elsewhere before the server closes.
    if (readiness.isDraining) reply.header('connection', 'close');
    done(null, payload);
  });
  linkProfiles(server, app.get(Profiler));
  const stops = [tallyQueries(), logRequests(logger)];
  server.addHook('onClose', async () => stops.forEach((stop) => stop()));
  serveDocumentation(app);
  await app.init();
  allowedMethods.refuseOthers();
  await server.ready();
  return app;
}

const exposedHeaders = [
  'etag', 'x-request-id', 'server-timing', 'retry-after', 'location', 'idempotent-replayed', 'x-profile',
  'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-system-load', 'ratelimit', 'ratelimit-policy',
]; // prettier-ignore
