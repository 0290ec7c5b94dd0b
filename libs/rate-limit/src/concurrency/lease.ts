import type { FastifyReply } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { Admission, Entrant } from './admission.js';

/** Where a response carries its lease. */
const LEASE = Symbol('rate-limit:lease');

type Leased = ServerResponse & { [LEASE]?: Lease | undefined };

/** How long work for a client that has gone may go on before its place is given to another one, in milliseconds. */
const ABANDONED_MS = 30_000;

/** A request's place among those in flight: from its admission until it is answered, or its work has ended though its client is gone. */
class Lease {
  private readonly startedAt = performance.now();
  private isOver = false;

  constructor(
    private readonly admission: Admission,
    private readonly entrant: Entrant,
    private readonly route: number,
  ) {}

  end(isTypical: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.admission.leave(this.entrant, this.route, isTypical ? performance.now() - this.startedAt : undefined);
  }
}

// oxlint-disable-next-line max-params -- what a place consists of
export function leaseTo(reply: FastifyReply, admission: Admission, entrant: Entrant, route: number): void {
  const raw: Leased = reply.raw;
  raw[LEASE] = new Lease(admission, entrant, route);
  raw.once('close', onClose);
}

/** The connection is done with: after the whole answer, or because the client has left while its work goes on. */
function onClose(this: Leased): void {
  const lease = this[LEASE];
  if (!lease) return;
  if (this.headersSent) lease.end(false);
  else setTimeout(() => lease.end(false), ABANDONED_MS).unref();
}

/**
 * For Fastify's `onSend`: the handler has finished, also when its client is gone. A stream has only begun; it keeps its place until it
 * is closed. Refusals of the client's doing (4xx) are no measure of the load.
 */
export function endLease(reply: FastifyReply, payload: unknown): void {
  const lease = (reply.raw as Leased)[LEASE];
  if (!lease || isStream(payload)) return;
  lease.end(reply.statusCode < 400 || reply.statusCode >= 500);
}

const isStream = (payload: unknown): boolean =>
  typeof payload === 'object' && payload !== null && ('pipe' in payload || 'getReader' in payload);
