// One Nest application on Fastify with one route, for cost.mjs: `node server.mjs off|address|user|redis <redis url>`. Tells its port; then, for each
// message, the CPU that it has used, in microseconds.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createClient } from 'redis';
import { RateLimitGuard, RateLimitModule } from '../../dist/libs/rate-limit/src/index.js';

const [mode = 'off', redisUrl] = process.argv.slice(2);
const body = { id: 1, name: 'thing', description: 'x'.repeat(900) };

class ThingsController {
  one() {
    return body;
  }
}
Controller('things')(ThingsController);
Get(':id')(ThingsController.prototype, 'one', Object.getOwnPropertyDescriptor(ThingsController.prototype, 'one'));

async function redis() {
  if (mode !== 'redis') return undefined;
  const client = createClient({ url: redisUrl, disableOfflineQueue: true, commandOptions: { timeout: 0 } });
  client.on('error', () => undefined);
  return client.connect();
}

class AppModule {}
Module({
  imports: [
    RateLimitModule.forRoot({
      mode: mode === 'off' ? 'off' : 'on',
      rules: [{ route: 'GET /things/:id', limit: 300 }],
      loadLevel: 'low',
      concurrency: { initial: 1024, min: 1024, max: 1024 },
      userOf: mode === 'user' ? ({ headers }) => headers['x-user'] : () => undefined,
      redis: await redis(),
      redisDeadlineMs: 5000,
    }),
  ],
  controllers: [ThingsController],
  providers: [{ provide: APP_GUARD, useExisting: RateLimitGuard }],
})(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter({ trustProxy: 'loopback' }), { logger: false });
await app.listen(0, '127.0.0.1');
process.send(app.getHttpServer().address().port);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send(user + system);
});
