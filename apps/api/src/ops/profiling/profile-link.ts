import type { Profiler } from '@app/profiling';
import type { FastifyInstance } from 'fastify';

/** Looking at profiles must not push out those that are looked at. */
const isAboutProfiles = (url: string): boolean => url.startsWith('/profiling');

/** Every answer to an admin is kept, and says where it can be looked at. */
export function linkProfiles(server: FastifyInstance, profiler: Profiler): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const isShown = request.identity?.role === 'admin' && !isAboutProfiles(request.url) && profiler.keep(request.context);
    if (isShown) reply.header('x-profile', `/profiling/requests/${encodeURIComponent(request.id)}`);
    done(null, payload);
  });
}
