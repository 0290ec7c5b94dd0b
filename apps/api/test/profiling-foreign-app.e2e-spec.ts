import { DatabaseModule } from '@app/database';
import { Profiler, ProfilingModule } from '@app/profiling';
import { Controller, ForbiddenException, Get, Module, Param, UseGuards, type INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectDataSource } from '@nestjs/typeorm';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

class Nobody {
  canActivate(): boolean {
    throw new ForbiddenException();
  }
}

@Controller('notes')
class NotesController {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  @Get('all/:count')
  async all(@Param('count') count: string) {
    const notes: unknown[] = [];
    for (let n = 0; n < Number(count); n += 1) notes.push(await this.dataSource.query('SELECT $1::int AS n', [n]));
    return notes;
  }

  @Get('broken')
  broken(): never {
    throw new Error('no');
  }

  @Get('closed')
  @UseGuards(Nobody)
  closed(): string {
    return 'never';
  }
}

describe('another application, which imports the module and does nothing else', () => {
  let database: TestDatabase;
  let app: INestApplication;
  let profiler: Profiler;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
    const times = { acquireTimeoutMs: 10_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
    @Module({
      imports: [
        DatabaseModule.forRoot({ url: database.url, poolSize: 2, ...times, applicationName: 'notes' }),
        ProfilingModule.forRoot({ sampleRate: 1, slowQueryMs: 3_600_000, slowRequestMs: 3_600_000 }),
      ],
      controllers: [NotesController],
    })
    class NotesModule {}
    const testing = await Test.createTestingModule({ imports: [NotesModule] }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    profiler = app.get(Profiler);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** The answer has left when its connection is idle again; the profile is there a moment later. */
  async function get(path: string): Promise<number> {
    const before = profiler.endpoints().reduce((sum, { durations }) => sum + durations.count, 0);
    const answer = await fetch(`${await app.getUrl()}${path}`);
    await answer.text();
    const isCounted = (): boolean => profiler.endpoints().reduce((sum, { durations }) => sum + durations.count, 0) > before;
    for (let n = 0; n < 100 && !isCounted(); n += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    return answer.status;
  }

  it('is profiled: endpoints, statements and findings', async () => {
    expect(await get('/notes/all/6')).toBe(200);
    expect(profiler.endpoints()).toMatchObject([{ endpoint: 'GET /notes/all/:count', failed: 0 }]);
    expect(profiler.findings()).toMatchObject([{ kind: 'n-plus-one', endpoint: 'GET /notes/all/:count', figures: { count: 6 } }]);
    const [profile] = profiler.requests();
    expect(profile).toMatchObject({ statusCode: 200, isFull: true, handler: { name: 'NotesController.all' } });
    expect(profile?.queries).toHaveLength(6);
  });

  it('has its failures kept', async () => {
    expect(await get('/notes/broken')).toBe(500);
    expect(profiler.requests()[0]).toMatchObject({ endpoint: 'GET /notes/broken', statusCode: 500, because: ['sampled', 'failed'] });
  });

  it('is not told of what guards refuse: they run before any interceptor', async () => {
    const answer = await fetch(`${await app.getUrl()}/notes/closed`);
    expect([answer.status, profiler.endpoints().map(({ endpoint }) => endpoint)]).toEqual([
      403,
      ['GET /notes/all/:count', 'GET /notes/broken'],
    ]);
  });
});
