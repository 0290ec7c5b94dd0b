import { currentRequest } from '@app/common';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import type { Recording } from './capture/recording.js';
import { insideRequest, openRequest, type AnyRequest, type AnyResponse } from './foreign-request.js';
import { Profiler } from './profiler.js';

/**
 * Makes the handler a span of its request, with the statements and cache reads under it. The request's whole time is measured
 * by middleware, since guards run before any interceptor; where there is none, the request is opened here.
 */
@Injectable()
export class ProfilingInterceptor implements NestInterceptor {
  constructor(private readonly profiler: Profiler) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    if (currentRequest()) return this.measure(context, next);
    if (!this.profiler.options.isEnabled) return next.handle();
    const http = context.switchToHttp();
    const opened = openRequest(http.getRequest<AnyRequest>(), http.getResponse<AnyResponse>());
    return insideRequest(opened, () => this.measure(context, next));
  }

  private measure(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const recording = this.profiler.current();
    if (!recording) return next.handle();
    recording.handler = { owner: context.getClass(), method: context.getHandler(), startedAt: performance.now() };
    // Without it, the handler ends when its answer is ready to be sent, which is told by the request itself.
    return recording.isKept ? next.handle().pipe(finalize(() => handled(recording))) : next.handle();
  }
}

function handled(recording: Recording): void {
  recording.handledAt = performance.now();
}
