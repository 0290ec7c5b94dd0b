import type { FastifyRequest } from 'fastify';

/** Where requests come from that the process makes of itself. No client can have this address (RFC 1122 section 3.2.1.3). */
export const ownAddress = '0.0.0.0';

/** Whether the process itself asks. Such a request is nobody's: it is not logged, and no part of what clients are served. */
export const isOwnRequest = (request: Pick<FastifyRequest, 'raw'>): boolean => request.raw.socket.remoteAddress === ownAddress;
