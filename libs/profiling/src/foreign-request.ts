import { newRequestContext, requestFinished, runInRequest, type RequestContext } from '@app/common';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Observable } from 'rxjs';

/** What Fastify's and Express's requests have in common with what is needed here. */
export interface AnyRequest {
  readonly id?: unknown;
  readonly method: string;
  readonly routeOptions?: { readonly url?: string };
  readonly route?: { readonly path?: string };
}

export type AnyResponse = ServerResponse | { readonly raw: ServerResponse };

/** A request of an application that opens no request context of its own: it begins with the interceptor, so guards are not in it. */
export function openRequest({ id, method, routeOptions, route }: AnyRequest, response: AnyResponse): RequestContext {
  const template = routeOptions?.url ?? route?.path ?? 'unmatched';
  const context = newRequestContext(typeof id === 'string' ? id : randomUUID(), performance.now(), `${method} ${template}`);
  const raw = 'raw' in response ? response.raw : response;
  raw.once('close', () => {
    const durationMs = performance.now() - context.startedAt;
    const responseBytes = Number(raw.getHeader('content-length') ?? 0);
    runInRequest(context, () =>
      requestFinished.publish({ request: context, method, route: template, statusCode: raw.statusCode, durationMs, responseBytes }),
    );
  });
  return context;
}

/** Whatever subscribes: the work behind `source` runs inside the request. */
export const insideRequest = <T>(context: RequestContext, source: () => Observable<T>): Observable<T> =>
  new Observable((subscriber) => runInRequest(context, () => source().subscribe(subscriber)));
