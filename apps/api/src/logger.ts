import { currentRequest } from '@app/common';
import { Logger, PinoLogger } from 'nestjs-pino';
import pino, { type DestinationStream, type Logger as Pino, type LoggerOptions } from 'pino';
import type { Config } from './config.js';

/** Never written down, wherever they turn up in a logged object. */
const redact = [
  'password', 'password_hash', 'access_token', 'refresh_token', 'token', 'secret', 'authorization', 'cookie',
  '*.password', '*.password_hash', '*.access_token', '*.refresh_token', '*.token', '*.secret', '*.authorization', '*.cookie',
  'req.headers.authorization', 'req.headers.cookie',
]; // prettier-ignore

/**
 * Lines for programs leave a few at a time, a tenth of a second late at most: a system call for each would cost more than all else about
 * it. What is held back is written when the process exits, whatever the reason, short of SIGKILL.
 */
const forPrograms = () => pino.destination({ dest: 1, sync: false, minLength: 12_288, periodicFlush: 100 });

const forPeople = () =>
  pino.transport({ target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname' } }) as DestinationStream;

/** One logger for the process. Every line written on behalf of a request carries its id and its user's. */
export function createLogger(config: Pick<Config, 'log'>): Pino {
  const options: LoggerOptions = {
    level: config.log.level,
    redact,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const request = currentRequest();
      return request ? { request_id: request.requestId, trace_id: request.traceId, user_id: request.userId } : {};
    },
  };
  return pino(options, config.log.pretty ? forPeople() : forPrograms());
}

/** Who tells, at every start, of each module and route: for those who debug the start. */
const startUp = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

class NestLogger extends Logger {
  override log(message: unknown, ...context: unknown[]): void {
    if (startUp.has(String(context.at(-1)))) this.debug(message, ...context);
    else super.log(message, ...context);
  }
}

/** Nest's own logging, through the same logger. */
export const nestLogger = (logger: Pino): Logger => new NestLogger(new PinoLogger({ pinoHttp: { logger } }), {});
