import multipart from '@fastify/multipart';
import { RouteConfig } from '@nestjs/platform-fastify';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { clientProblem } from './client-error.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    takesUpload?: boolean;
  }
}

/** The route reads its body itself, as it comes, within limits of its own. Other routes take no files. */
export const TakesUpload = () => RouteConfig({ takesUpload: true });

const takesUpload = (request: FastifyRequest): boolean => request.routeOptions.config.takesUpload === true;
const isUpload = (request: FastifyRequest): boolean => request.body === request.raw || request.isMultipart();

const isForm = ({ headers }: FastifyRequest): boolean => headers['content-type']?.startsWith('multipart/') === true;

type AnyHook = (request: FastifyRequest, ...rest: unknown[]) => Promise<void>;

/** The same server, where a hook runs for forms alone: those of the plugin would cost every other request two promises and a listener. */
function forFormsOnly(server: FastifyInstance): FastifyInstance {
  const addHook = (name: 'onRequest' | 'onResponse', hook: AnyHook): void => {
    server.addHook(name, (request: FastifyRequest, ...rest: unknown[]) => {
      const done = rest.at(-1) as (error?: Error) => void;
      if (isForm(request))
        void hook(request, ...rest.slice(0, -1)).then(() => done(), done); // oxlint-disable-line promise/no-callback-in-promise -- Fastify's hooks take callbacks
      else done();
    });
  };
  return Object.create(server, { addHook: { value: addHook } }) as FastifyInstance;
}

/** Fastify's mark for a plugin whose hooks and decorators are the server's own. */
const withoutEncapsulation = <T extends object>(plugin: T): T => Object.assign(plugin, { [Symbol.for('skip-override')]: true });

/** Bodies that are files: `text/csv`, whose `body` is then the request itself, and forms, which `parts()` reads. */
export class Uploads {
  private readonly sockets = new WeakSet<Socket>();

  constructor(private readonly requestTimeoutMs: number) {}

  async register(server: FastifyInstance): Promise<void> {
    server.addContentTypeParser('text/csv', (request, _payload, done) => done(null, request.raw));
    await server.register(
      withoutEncapsulation((instance: FastifyInstance, _options: object, done: (error?: Error) => void) =>
        multipart(forFormsOnly(instance), { throwFileSizeLimit: false }, done),
      ),
    );
    server.addHook('preParsing', (request, _reply, payload, done) => {
      if (takesUpload(request)) this.sockets.add(request.raw.socket);
      done(null, payload);
    });
    server.addHook('preValidation', (request, _reply, done) => {
      const isRefused = isUpload(request) && !takesUpload(request);
      done(isRefused ? new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type'] ?? '') : undefined);
    });
    server.addHook('onResponse', (request, _reply, done) => {
      if (isUpload(request)) drain(request.raw, this.requestTimeoutMs, () => this.sockets.delete(request.raw.socket));
      else this.sockets.delete(request.raw.socket);
      done();
    });
  }

  /** What Node's server calls when it gives a connection up. An upload may take longer than other requests; its route sees to the end. */
  readonly handleClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && this.sockets.has(socket)) return;
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) socket.write(clientProblem(error.code));
    socket.destroy(error);
  };
}

/** Reads on what an answer did not wait for, since many a client reads the answer only when it has sent everything. */
function drain(message: IncomingMessage, timeoutMs: number, whenDone: () => void): void {
  if (message.readableEnded || message.destroyed) return whenDone();
  const timer = setTimeout(() => message.complete || message.destroy(), timeoutMs);
  timer.unref();
  message.once('close', () => {
    clearTimeout(timer);
    whenDone();
  });
  message.unpipe();
  // Whoever stopped in the middle still listens, and would keep it from flowing.
  message.removeAllListeners('readable');
  message.on('data', () => undefined);
  message.resume();
}
