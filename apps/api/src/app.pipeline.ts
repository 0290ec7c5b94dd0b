import { ResponseCacheInterceptor } from '@app/cache';
import { RateLimitGuard } from '@app/rate-limit';
import type { Provider } from '@nestjs/common';
import { ProfilingInterceptor } from '@app/profiling';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AuthGuard } from './auth/auth.guard.js';
import { ValidationPipe } from './http/validation.pipe.js';

/**
 * What every request passes inside Nest, in this order. Around it lies `http/request-lifecycle.ts` (context, timing, validators);
 * before it `http/hits.ts` answers what the cache has ready, and whatever is thrown anywhere ends in `http/problem.filter.ts`.
 */
export const pipeline: Provider[] = [
  { provide: APP_GUARD, useExisting: RateLimitGuard },
  { provide: APP_GUARD, useExisting: AuthGuard },
  { provide: APP_INTERCEPTOR, useExisting: ProfilingInterceptor },
  { provide: APP_INTERCEPTOR, useExisting: ResponseCacheInterceptor },
  { provide: APP_PIPE, useClass: ValidationPipe },
];
