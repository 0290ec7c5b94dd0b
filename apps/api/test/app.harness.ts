import { currentRequest, queryFinished, type Clock } from '@app/common';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { InjectOptions } from 'fastify';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { AccessTokens } from '../src/auth/access-token.js';
import { SessionsService } from '../src/auth/sessions.service.js';
import type { Role } from '../src/http/access.js';
import { createApp } from '../src/app.js';
import { AppModule } from '../src/app.module.js';
import { CLOCK } from '../src/app.tokens.js';
import { loadConfig, type Config } from '../src/config.js';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

export type Json = { [key: string]: any }; // oxlint-disable-line typescript/no-explicit-any -- an answer's shape is what a test is about to assert

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly text: string;
  readonly body: Json;
}

const demoIds: Record<Role, number> = { admin: 1, seller: 2, customer: 3 };

interface CallOptions {
  readonly as?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** The real application over a database of its own, as one object with one call to boot and one to close. */
export class TestApp {
  /** After everything that was seeded. */
  readonly startedAt = new Date();

  constructor(
    readonly nest: NestFastifyApplication,
    readonly config: Config,
    private readonly database: TestDatabase,
  ) {}

  get url(): string {
    return this.database.url;
  }

  /** Any provider of the application. */
  resolve<T>(token: Parameters<NestFastifyApplication['get']>[0]): T {
    return this.nest.get<T>(token, { strict: false });
  }

  get dataSource(): DataSource {
    return this.resolve<DataSource>(getDataSourceToken());
  }

  query<Row = Json>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, parameters);
  }

  /** An access token of a session of its own: of a user by id, or of the demo account of a role (ids 1, 2 and 3). */
  async token(who: Role | number): Promise<string> {
    const userId = typeof who === 'number' ? who : demoIds[who];
    const { sessionId } = await this.resolve<SessionsService>(SessionsService).open(userId, { userAgent: 'test', ip: null });
    const [user] = await this.query<{ user_type: Role }>('SELECT user_type FROM users WHERE id = $1', [userId]);
    return this.resolve<AccessTokens>(AccessTokens).sign(
      { userId, role: user?.user_type ?? 'customer', sessionId },
      this.resolve<Clock>(CLOCK).now(),
    );
  }

  get = (path: string, options?: CallOptions) => this.call('GET', path, undefined, options);
  post = (path: string, body?: unknown, options?: CallOptions) => this.call('POST', path, body, options);
  patch = (path: string, body?: unknown, options?: CallOptions) => this.call('PATCH', path, body, options);
  delete = (path: string, options?: CallOptions) => this.call('DELETE', path, undefined, options);

  async call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = { ...options.headers };
    if (options.as !== undefined) headers['authorization'] = `Bearer ${options.as}`;
    const request: InjectOptions = { method, url: path, headers };
    if (body !== undefined) request.payload = body as NonNullable<InjectOptions['payload']>;
    const reply = await this.nest.inject(request);
    const isJson = String(reply.headers['content-type'] ?? '').includes('json') && reply.headers['content-encoding'] === undefined;
    return {
      status: reply.statusCode,
      headers: reply.headers as Record<string, string | undefined>,
      text: reply.body,
      body: isJson && reply.body !== '' ? (JSON.parse(reply.body) as Json) : {},
    };
  }

  /** How many statements the requests of the work issue, their SQL, and what it gave. Background work is not counted. */
  async queriesOf<T>(work: () => Promise<T>): Promise<{ count: number; statements: string[]; result: T }> {
    const statements: string[] = [];
    const stop = queryFinished.subscribe((query) => {
      if (currentRequest()) statements.push(query.text);
    });
    try {
      const result = await work();
      return { count: statements.length, statements, result };
    } finally {
      stop();
    }
  }

  async close(): Promise<void> {
    await this.nest.close();
    await this.database.drop();
  }
}

const testKey = { id: 'test', secret: 'a key for tests only, long enough to be taken' };

interface StartOptions {
  readonly seeded?: boolean;
  readonly config?: (config: Config) => Config;
  /** Time as the application sees it; the system's unless told otherwise. */
  readonly clock?: Clock;
  /** Another replica of this application, on its database. */
  readonly beside?: TestApp;
  /** Beside the application's own: routes that a test needs and the product must not have. */
  readonly modules?: readonly NonNullable<DynamicModule['imports']>[number][];
  /** Another than a fresh one of the test server: it must be migrated. */
  readonly database?: TestDatabase;
}

function withModules(modules: NonNullable<StartOptions['modules']>): () => void {
  if (modules.length === 0) return () => undefined;
  const forRoot = AppModule.forRoot.bind(AppModule);
  const spy = jest.spyOn(AppModule, 'forRoot').mockImplementation((...parameters) => {
    const module = forRoot(...parameters);
    return { ...module, imports: [...(module.imports ?? []), ...modules] };
  });
  return () => spy.mockRestore();
}

/** Replicas in one process share the registry of metrics, which each of them clears first: they boot one after the other. */
let booting: Promise<unknown> = Promise.resolve();

/** Boots the application on a fresh database: seeded at scale 0.01 (500 products) unless told otherwise. */
export async function startTestApp(options: StartOptions = {}): Promise<TestApp> {
  const { seeded = true, config: adjust = (config: Config) => config, clock, beside, modules = [] } = options;
  const shared = beside && { url: beside.url, drop: () => Promise.resolve() };
  const database = options.database ?? shared ?? (await createTestDatabase({ seeded }));
  const base = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    ROLE: 'api',
    RATE_LIMIT: 'off',
    // On a busy machine a connection may take long to open.
    DATABASE_ACQUIRE_TIMEOUT_MS: '60000',
  });
  const config = adjust({ ...base, cache: { ...base.cache, isEnabled: false }, auth: { ...base.auth, jwtKeys: [testKey] } });
  const boot = async (): Promise<NestFastifyApplication> => {
    const restore = withModules(modules);
    return createApp(config, database.url, pino({ level: 'silent' }), clock).finally(restore);
  };
  const nest = await (booting = booting.then(boot, boot));
  return new TestApp(nest, config, database);
}
