import { join } from 'node:path';
import type { Logger as Pino } from 'pino';
import type { Config } from './config.js';
import { EmbeddedRedis } from './redis/embedded-redis.js';

export interface RunningRedis {
  /** The configuration with the servers of this run in it. */
  readonly config: Config;
  stop(): Promise<void>;
}

/**
 * The configured servers; or, outside production, one of our own where the program is installed. Without any, the cache and the limits
 * live in this process alone, which is said once here and by `/health`.
 */
export async function openRedis(config: Config, logger: Pino): Promise<RunningRedis> {
  const nothingToStop = () => Promise.resolve();
  if (config.redis.url !== undefined) return { config, stop: nothingToStop };
  if (config.mode === 'production') {
    logger.warn('REDIS_URL is not set: cache and limits live in this process alone');
    return { config, stop: nothingToStop };
  }
  const server = new EmbeddedRedis({ dataDir: join(config.dataDir, 'redis'), log: (line) => logger.info(line) });
  const url = await server.start();
  if (url === undefined) {
    logger.warn('no REDIS_URL and no redis-server on the PATH: cache and limits live in this process alone');
    return { config, stop: nothingToStop };
  }
  logger.info(`Redis listens on port ${new URL(url).port} (started with this process)`);
  const redis = { url, stateUrl: config.redis.stateUrl ?? url };
  return { config: Object.freeze({ ...config, redis }), stop: () => server.stop() };
}
