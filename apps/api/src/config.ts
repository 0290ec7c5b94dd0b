import { hostname } from 'node:os';
import { environment, type Environment } from './config.schema.js';

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
    tracing: { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, sampleRatio: env.OTEL_TRACES_SAMPLER_ARG },
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
