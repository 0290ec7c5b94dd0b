import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger as Pino } from 'pino';
import { createApp } from './app.js';
import { openDatabase, prepareDatabase, type RunningDatabase } from './app.database.js';
import { openRedis, type RunningRedis } from './app.redis.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { withDevelopmentSecrets } from './development-secrets.js';
import { createLogger } from './logger.js';
import { WarmUpService } from './ops/cache/warm-up.service.js';
import { Readiness } from './ops/health/readiness.js';

interface Running {
  readonly app: NestFastifyApplication;
  readonly database: RunningDatabase;
  readonly redis: RunningRedis;
}

async function start(config: Config, logger: Pino): Promise<Running> {
  const database = await openDatabase(config, logger);
  const redis = await openRedis(config, logger);
  try {
    await prepareDatabase(config, database, logger);
    const app = await createApp(redis.config, database.url, logger);
    void app.get(Readiness).until('warm-up', app.get(WarmUpService).atStart());
    await app.listen({ host: config.http.host, port: config.http.port });
    logger.info(`TechMart listens on ${await app.getUrl()} (documentation at /docs)`);
    return { app, database, redis };
  } catch (error) {
    await Promise.all([database.stop(), redis.stop()]);
    throw error;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Not ready at once, so that balancers look elsewhere; then stop accepting, finish what is in flight, close the pools, and last
 * the embedded servers. Whatever takes longer than `shutdownTimeoutMs` is cut off.
 */
async function drain({ app, database, redis }: Running, config: Config, logger: Pino): Promise<void> {
  logger.info('draining');
  app.get(Readiness).drain();
  await sleep(config.http.shutdownDelayMs);
  const closed = app.close().then(() => true);
  const inTime = await Promise.race([closed, sleep(config.http.shutdownTimeoutMs).then(() => false)]);
  if (!inTime) logger.warn(`requests were still in flight after ${config.http.shutdownTimeoutMs} ms`);
  await Promise.all([database.stop(), redis.stop()]);
  logger.info('stopped');
}

function stopOnSignals(running: Running, config: Config, logger: Pino): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    drain(running, config, logger).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** Exit codes: 0 stopped when told to, 1 a fault, 2 bad configuration. */
async function main(): Promise<void> {
  const config = await withDevelopmentSecrets(loadConfig());
  const logger = createLogger(config);
  try {
    stopOnSignals(await start(config, logger), config, logger);
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : 'could not start');
    logger.flush(() => process.exit(1));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
