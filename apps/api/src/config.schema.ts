import { isAddressRange } from '@app/rate-limit';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = (fallback: number) => z.coerce.number().int().min(0).max(86_400_000).default(fallback);
const count = (fallback: number, min = 1, max = 1_000_000) => z.coerce.number().int().min(min).max(max).default(fallback);
const flag = (fallback: 'true' | 'false') =>
  z
    .enum(['true', 'false'])
    .default(fallback)
    .transform((value) => value === 'true');
const list = z
  .string()
  .default('')
  .transform((value) => value.split(',').map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ''));

const days = (fallback: number) => count(fallback, 1, 36_500);

const networks = list.refine((given) => given.every(ipaddr.isValidCIDR), 'must be networks in CIDR notation, such as 10.0.0.0/8');
const redisUrl = z.url({ protocol: /^rediss?$/ });

/** `GET /products=200` or, for a large limit, `GET /products=5000:gcra`; `*` for every route. */
const limits = list.transform((entries, context) =>
  entries.map((entry) => {
    const [, route = '', limit, algorithm = 'sliding-log'] = /^((?:[A-Z]+ )?[*/]\S*)=(\d{1,7})(?::(sliding-log|gcra))?$/.exec(entry) ?? [];
    if (Number(limit ?? 0) < 1) context.addIssue(`"${entry}" is not "GET /path=100" or "GET /path=5000:gcra"`);
    return { route, limit: Number(limit), algorithm: algorithm as 'sliding-log' | 'gcra' };
  }),
);

const addresses = list.transform((entries, context) => {
  for (const entry of entries) {
    if (!isAddressRange(entry)) context.addIssue(`"${entry}" is neither an address nor a CIDR range`);
  }
  return entries;
});

/** `kid:secret` pairs, newest first: the first one signs, all of them verify. */
const jwtKeys = list.transform((pairs, context) =>
  pairs.map((pair) => {
    const separator = pair.indexOf(':');
    const key = { id: pair.slice(0, separator), secret: pair.slice(separator + 1) };
    if (separator < 1 || key.secret.length < 32) context.addIssue('each key is id:secret, the secret of 32 characters or more');
    return key;
  }),
);

/** Every variable, with its default and bounds; `.env.example` describes them. */
export const environment = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  ROLE: z.enum(['api', 'worker', 'all']).default('all'),
  BUILD_COMMIT: z.string().default('unknown'),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  PUBLIC_URL: z.url().optional(),
  TRUST_PROXY: z.string().default(''),
  CORS_ORIGINS: list,
  BODY_LIMIT_BYTES: count(1_048_576, 1024, 104_857_600),
  REQUEST_TIMEOUT_MS: milliseconds(30_000),
  SHUTDOWN_DELAY_MS: milliseconds(0),
  SHUTDOWN_TIMEOUT_MS: milliseconds(30_000),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_PRETTY: z.enum(['true', 'false']).optional(),
  METRICS_TOKEN: z.string().min(16).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  ALERT_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  ALERTMANAGER_URL: z.url({ protocol: /^https?$/ }).optional(),
  ALERT_INTERVAL_MS: count(5000, 100, 600_000),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_DIRECT_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL_SIZE: count(10, 1, 500),
  DATABASE_ACQUIRE_TIMEOUT_MS: milliseconds(2000),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds(15_000),
  DATABASE_IDLE_TIMEOUT_MS: milliseconds(30_000),
  PROFILING_ENABLED: flag('true'),
  PROFILING_SAMPLE_RATE: z.coerce.number().min(0).max(1).default(0.1),
  PROFILING_SLOW_REQUEST_MS: milliseconds(500),
  PROFILING_SLOW_QUERY_MS: milliseconds(100),
  PROFILING_REPEATED_QUERIES: count(5, 2, 1000),
  PROFILING_REQUEST_BYTES: count(8_388_608, 65_536, 1_073_741_824),
  MIGRATE_ON_START: flag('true'),
  CACHE_ENABLED: flag('true'),
  CACHE_WARM_UP_MS: milliseconds(5000),
  CACHE_L1_BYTES: count(67_108_864, 1_048_576, 17_179_869_184),
  REDIS_URL: redisUrl.optional(),
  REDIS_STATE_URL: redisUrl.optional(),
  RATE_LIMIT: z.enum(['on', 'shadow', 'off']).default('on'),
  RATE_LIMITS: limits,
  RATE_LIMIT_WINDOW_MS: count(60_000, 100, 3_600_000),
  RATE_LIMIT_ALLOW: addresses,
  RATE_LIMIT_DENY: addresses,
  RATE_LIMIT_BY_USER_AGENT: flag('false'),
  RATE_LIMIT_MEMORY_BYTES: count(67_108_864, 65_536, 8_589_934_592),
  RATE_LIMIT_REDIS_DEADLINE_MS: count(75, 1, 10_000),
  LOAD_LEVEL: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  LOAD_SAMPLE_MS: count(500, 500, 60_000),
  LOAD_HOLD_MS: count(3000, 0, 600_000),
  CONCURRENCY_INITIAL: count(256),
  CONCURRENCY_MIN: count(64),
  CONCURRENCY_MAX: count(1024),
  CHECKOUT_QUEUE: count(256),
  SEED_SCALE: z.coerce.number().min(0).max(100).default(1),
  SEED_NUMBER: count(42, 0, 2_147_483_647),
  JWT_KEYS: jwtKeys,
  ACCESS_TOKEN_TTL_S: count(900, 10, 86_400),
  REFRESH_TOKEN_TTL_S: count(2_592_000, 60, 31_536_000),
  PASSWORD_HASH_CONCURRENCY: count(2, 1, 64),
  PASSWORD_HASH_QUEUE: count(100, 1, 10_000),
  ORDER_UNPAID_TTL_S: count(86_400, 60, 31_536_000),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().default('TechMart <no-reply@techmart.test>'),
  IMPORT_LIMIT_BYTES: count(268_435_456, 1024, 10_737_418_240),
  IMPORT_TIMEOUT_MS: milliseconds(600_000),
  OUTBOX_POLL_MS: count(500, 10, 60_000),
  OUTBOX_MAX_ATTEMPTS: count(10, 1, 100),
  OUTBOX_BACKOFF_MS: milliseconds(1000),
  OUTBOX_SUBSCRIBER_TIMEOUT_MS: count(10_000, 1, 600_000),
  WEBHOOK_PRIVATE_NETWORKS: networks,
  WEBHOOK_CONCURRENCY: count(32, 1, 1000),
  WEBHOOK_CONNECT_TIMEOUT_MS: count(3000, 1, 600_000),
  WEBHOOK_TIMEOUT_MS: count(10_000, 1, 600_000),
  WEBHOOK_MAX_ATTEMPTS: count(16, 1, 100),
  WEBHOOK_BACKOFF_MS: milliseconds(5000),
  WEBHOOK_BACKOFF_MAX_MS: milliseconds(21_600_000),
  RETENTION_SESSIONS_DAYS: days(7),
  RETENTION_ONE_TIME_TOKENS_DAYS: days(7),
  RETENTION_IDEMPOTENCY_KEYS_DAYS: days(1),
  RETENTION_OUTBOX_DAYS: days(7),
  RETENTION_DELIVERIES_DAYS: days(30),
});

export type Environment = z.output<typeof environment>;
