import { Profile, timer } from '@app/profiling';
import { Controller, Get, Injectable, Module, Param, Post, Query } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Public } from '../src/http/access.js';
import type { Json, TestApp } from './app.harness.js';

/** Statements as nobody should write them. */
@Injectable()
class CarelessRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  posts(limit: number): Promise<{ id: number; author_id: number }[]> {
    return this.dataSource.query('SELECT id, author_id FROM posts ORDER BY id LIMIT $1', [limit]);
  }

  async author(id: number): Promise<unknown> {
    const rows: unknown = await this.dataSource.query('SELECT id, username FROM users WHERE id = $1', [id]);
    return rows;
  }

  rawAuthor = (id: number) => this.pool.query('SELECT id, username FROM users WHERE id = $1 -- raw', [id]);

  query = (sql: string, parameters: unknown[] = []): Promise<unknown> => this.dataSource.query(sql, parameters);

  transaction = (id: string): Promise<unknown> =>
    this.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT 'transaction ${id}'`);
      return manager.query(`SELECT 'again ${id}'`);
    });
}

/** Routes with known defects, for the profiler to find. They exist in tests only. */
@Controller('fixture')
class FixtureController {
  constructor(private readonly careless: CarelessRepository) {}

  @Get('one-by-one')
  @Public()
  async oneByOne() {
    const posts = await this.careless.posts(20);
    const authors: unknown[] = [];
    for (const [index] of posts.entries()) authors.push(await this.careless.author(index + 1));
    return { count: authors.length };
  }

  @Get('all-at-once')
  @Public()
  async allAtOnce() {
    const authors = await Promise.all(Array.from({ length: 12 }, (_, index) => this.careless.rawAuthor(index + 1)));
    return { count: authors.length };
  }

  @Get('asked-again')
  @Public()
  async askedAgain() {
    await this.careless.author(1);
    await this.careless.author(1);
    return {};
  }

  /** Statements of every kind that carry the request's own id. */
  @Get('tagged/:id')
  @Public()
  async tagged(@Param('id') id: string) {
    await this.careless.pool.query(`SELECT 'raw first ${id}'`);
    await this.careless.query(`SELECT 'orm ${id}'`);
    await Promise.all([this.careless.pool.query(`SELECT 'raw ${id}'`), this.careless.transaction(id)]);
    await this.careless.pool.query(`SELECT 'raw last ${id}'`);
    return {};
  }

  @Get('slow')
  @Public()
  slow(@Query('ms') ms: string, @Query('secret') secret: string) {
    const slept = 'WITH slept AS MATERIALIZED (SELECT pg_sleep($2::float))';
    return this.careless.query(`${slept} SELECT count(*) FROM slept LEFT JOIN large ON kind = $1`, [secret, Number(ms) / 1000]);
  }

  @Get('scan')
  @Public()
  scan(@Query('kind') kind: string) {
    return this.careless.query('SELECT count(*) FROM large WHERE kind = $1', [kind]);
  }

  @Post('slow-write')
  @Public()
  slowWrite() {
    return this.careless.query('WITH slept AS (SELECT pg_sleep($1::float)) INSERT INTO written SELECT 1 FROM slept', [0.2]);
  }

  @Get('too-much')
  @Public()
  async tooMuch() {
    await this.careless.query(`SELECT n, repeat('x', 200) AS filling FROM generate_series(1, $1::int) AS n`, [1000]);
    return { count: 1000 };
  }

  @Get('fails')
  @Public()
  async fails() {
    await this.careless.query('SELECT $1::int / 0', [1]);
  }

  /** Past the instrumented connection, at the driver below it. */
  @Get('unseen')
  @Public()
  async unseen() {
    const client = await this.careless.pool.connect();
    const below = Object.getPrototypeOf(Object.getPrototypeOf(client)) as { query: (this: object, text: string) => Promise<unknown> };
    await below.query.call(client, 'SELECT 1');
    client.release();
    return {};
  }

  @Get('spans')
  @Public()
  spans() {
    return this.work();
  }

  @Profile()
  private async work() {
    return timer('counting', async () => {
      await this.careless.author(1);
      return { done: true };
    });
  }

  @Get('hot')
  @Public()
  hot(@Query('ms') ms: string) {
    return { found: findPrimesTheSlowWay(Number(ms)) };
  }
}

/** Keeps the main thread at work: what a CPU profile must name, or its caller, of which V8 may have made it a part. */
function findPrimesTheSlowWay(ms: number): number {
  const end = performance.now() + ms;
  let found = 0;
  for (let n = 2; performance.now() < end; n += 1) {
    let divisor = 2;
    while (divisor < n && n % divisor !== 0) divisor += 1;
    if (divisor === n) found += 1;
  }
  return found;
}

@Module({ controllers: [FixtureController], providers: [CarelessRepository] })
export class FixtureModule {}

/** A table that takes long to read without an index. */
export async function makeLargeTable(app: TestApp): Promise<void> {
  await app.query(
    `CREATE TABLE large AS SELECT n AS id, md5((n % 5000)::text) AS kind, repeat('x', 100) AS filling FROM generate_series(1, 50000) AS n`,
  );
  await app.query('CREATE TABLE written (n int)');
  await app.query('ANALYZE large');
}

/** What an admin reads below `/profiling`. */
export async function profiling(app: TestApp, admin: string, path: string): Promise<Json> {
  const { status, body } = await app.get(`/profiling${path}`, { as: admin });
  if (status !== 200) throw new Error(`GET /profiling${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Findings of one endpoint, or all of them; when plans are due, after they have been looked at. */
export async function findingsOf(app: TestApp, admin: string, endpoint?: string): Promise<Json[]> {
  const query = endpoint === undefined ? '' : `?${new URLSearchParams({ endpoint }).toString()}`;
  return (await profiling(app, admin, `/findings${query}`))['findings'] as Json[];
}
