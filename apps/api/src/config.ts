import { isAddressRange } from '@app/rate-limit';
import ipaddr from 'ipaddr.js';
import { hostname } from 'node:os';
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

const environment = z.object({
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

type Environment = z.output<typeof environment>;

export interface JwtKey {
  readonly id: string;
  readonly secret: string;
}

function backgroundOf(env: Environment) {
  return {
    events: {
      pollMs: env.OUTBOX_POLL_MS,
      maxAttempts: env.OUTBOX_MAX_ATTEMPTS,
      backoff: { baseMs: env.OUTBOX_BACKOFF_MS, maxMs: 60_000 },
      subscriberTimeoutMs: env.OUTBOX_SUBSCRIBER_TIMEOUT_MS,
    },
    webhooks: {
      privateNetworks: env.WEBHOOK_PRIVATE_NETWORKS as readonly string[],
      concurrency: env.WEBHOOK_CONCURRENCY,
      connectTimeoutMs: env.WEBHOOK_CONNECT_TIMEOUT_MS,
      timeoutMs: env.WEBHOOK_TIMEOUT_MS,
      maxAttempts: env.WEBHOOK_MAX_ATTEMPTS,
      backoff: { baseMs: env.WEBHOOK_BACKOFF_MS, maxMs: env.WEBHOOK_BACKOFF_MAX_MS },
    },
    /** In days. */
    retention: {
      sessions: env.RETENTION_SESSIONS_DAYS,
      oneTimeTokens: env.RETENTION_ONE_TIME_TOKENS_DAYS,
      idempotencyKeys: env.RETENTION_IDEMPOTENCY_KEYS_DAYS,
      outbox: env.RETENTION_OUTBOX_DAYS,
      deliveries: env.RETENTION_DELIVERIES_DAYS,
    },
  };
}

/** A `url` that is undefined: a `redis-server` of our own where there is one (not in production), else none. */
function redisOf(env: Environment) {
  return {
    url: env.REDIS_URL,
    /** For what must not be evicted: limits and sessions. */
    stateUrl: env.REDIS_STATE_URL ?? env.REDIS_URL,
  };
}

const alertsOf = (env: Environment) => ({
  webhookUrl: env.ALERT_WEBHOOK_URL,
  alertmanagerUrl: env.ALERTMANAGER_URL,
  intervalMs: env.ALERT_INTERVAL_MS,
  /** As the rules of Prometheus have it, so that Alertmanager's routes and inhibitions work for these alerts too. */
  labels: { cluster: 'techmart', job: 'techmart', instance: `${hostname()}:${env.PORT}` },
});

function httpOf(env: Environment) {
  return {
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.PUBLIC_URL,
    trustProxy: env.TRUST_PROXY,
    corsOrigins: env.CORS_ORIGINS,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    importLimitBytes: env.IMPORT_LIMIT_BYTES,
    importTimeoutMs: env.IMPORT_TIMEOUT_MS,
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  };
}

function databaseOf(env: Environment) {
  return {
    /** Undefined: the embedded server, under `dataDir`. */
    url: env.DATABASE_URL,
    /** For what needs a session of its own (migrations): the server itself, where `url` is a pooler. */
    directUrl: env.DATABASE_DIRECT_URL ?? env.DATABASE_URL,
    poolSize: env.DATABASE_POOL_SIZE,
    acquireTimeoutMs: env.DATABASE_ACQUIRE_TIMEOUT_MS,
    statementTimeoutMs: env.DATABASE_STATEMENT_TIMEOUT_MS,
    idleTimeoutMs: env.DATABASE_IDLE_TIMEOUT_MS,
    migrateOnStart: env.MIGRATE_ON_START,
  };
}

function authOf(env: Environment) {
  return {
    jwtKeys: env.JWT_KEYS as readonly JwtKey[],
    accessTokenTtlS: env.ACCESS_TOKEN_TTL_S,
    refreshTokenTtlS: env.REFRESH_TOKEN_TTL_S,
    hashConcurrency: env.PASSWORD_HASH_CONCURRENCY,
    hashQueue: env.PASSWORD_HASH_QUEUE,
  };
}

function rateLimitOf(env: Environment) {
  return {
    mode: env.RATE_LIMIT,
    overrides: env.RATE_LIMITS,
    windowMs: env.RATE_LIMIT_WINDOW_MS,
    allow: env.RATE_LIMIT_ALLOW,
    deny: env.RATE_LIMIT_DENY,
    byUserAgent: env.RATE_LIMIT_BY_USER_AGENT,
    memoryBytes: env.RATE_LIMIT_MEMORY_BYTES,
    redisDeadlineMs: env.RATE_LIMIT_REDIS_DEADLINE_MS,
    loadLevel: env.LOAD_LEVEL,
    loadSampleMs: env.LOAD_SAMPLE_MS,
    loadHoldMs: env.LOAD_HOLD_MS,
    concurrency: { initial: env.CONCURRENCY_INITIAL, min: env.CONCURRENCY_MIN, max: env.CONCURRENCY_MAX },
    queueLimit: env.CHECKOUT_QUEUE,
  };
}

const profilingOf = (env: Environment) => ({
  isEnabled: env.PROFILING_ENABLED,
  sampleRate: env.PROFILING_SAMPLE_RATE,
  slowRequestMs: env.PROFILING_SLOW_REQUEST_MS,
  slowQueryMs: env.PROFILING_SLOW_QUERY_MS,
  repeatedQueries: env.PROFILING_REPEATED_QUERIES,
  requestBytes: env.PROFILING_REQUEST_BYTES,
});

function shape(env: Environment) {
  return {
    mode: env.NODE_ENV,
    role: env.ROLE,
    dataDir: env.DATA_DIR,
    build: { commit: env.BUILD_COMMIT },
    http: httpOf(env),
    log: { level: env.LOG_LEVEL, pretty: env.LOG_PRETTY === undefined ? env.NODE_ENV === 'development' : env.LOG_PRETTY === 'true' },
    metrics: { token: env.METRICS_TOKEN },
    alerts: alertsOf(env),
    database: databaseOf(env),
    redis: redisOf(env),
    rateLimit: rateLimitOf(env),
    cache: { isEnabled: env.CACHE_ENABLED, maxBytes: env.CACHE_L1_BYTES, warmUpMs: env.CACHE_WARM_UP_MS },
    profiling: profilingOf(env),
    seed: { scale: env.SEED_SCALE, number: env.SEED_NUMBER },
    auth: authOf(env),
    orders: { unpaidTtlS: env.ORDER_UNPAID_TTL_S },
    mail: { smtpUrl: env.SMTP_URL, from: env.MAIL_FROM },
    ...backgroundOf(env),
  };
}

/** The whole configuration, frozen. Tests write one as a literal; nobody but this file reads `process.env`. */
export type Config = Readonly<ReturnType<typeof shape>>;

/** Every bad variable at once, one per line. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Bad configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** What production cannot do without: secrets of its own and a real server. */
function productionProblems(env: Environment): string[] {
  if (env.NODE_ENV !== 'production') return [];
  const problems: string[] = [];
  if (!env.DATABASE_URL) problems.push('DATABASE_URL: required in production');
  if (env.JWT_KEYS.length === 0) problems.push('JWT_KEYS: required in production (id:secret, the secret of 32 characters or more)');
  if (env.JWT_KEYS.some((key) => new Set(key.secret).size < 10))
    problems.push('JWT_KEYS: a secret repeats too few characters to be random');
  if (!env.SMTP_URL) problems.push('SMTP_URL: required in production (mail is only logged in development)');
  return problems;
}

/** Reads and checks the environment. An empty variable counts as not set. Throws `ConfigError` naming every bad variable. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  const problems = productionProblems(parsed.data);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(shape(parsed.data));
}
