import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Gauge } from 'prom-client';

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

const requestStart = channel('http.server.request.start');

/** Open connections of one server, and requests that it has begun and not ended, whether answered or given up by the client. */
@Injectable()
export class ConnectionMetrics implements OnModuleDestroy {
  private server: Server | undefined;
  private inFlight = 0;

  constructor() {
    const { count } = this;
    const requests: Gauge = new Gauge({
      name: 'http_requests_in_flight',
      help: 'Requests being answered now',
      collect: () => requests.set(this.inFlight),
    });
    const connections: Gauge = new Gauge({
      name: 'http_connections_active',
      help: 'Open client connections, the idle ones included',
      collect: async () => connections.set(await count(this.server)),
    });
  }

  /** Requests being answered now. */
  get requestsInFlight(): number {
    return this.inFlight;
  }

  /** Call once, before the server listens. */
  watch(server: Server): void {
    this.server = server;
    requestStart.subscribe(this.onStart);
  }

  onModuleDestroy(): void {
    requestStart.unsubscribe(this.onStart);
  }

  private readonly onEnd = (): void => void (this.inFlight -= 1);

  private readonly onStart = (message: unknown): void => {
    const { response, server } = message as RequestStart;
    if (server !== this.server) return;
    this.inFlight += 1;
    response.once('close', this.onEnd);
  };

  private readonly count = (server: Server | undefined): Promise<number> =>
    new Promise((resolve) => {
      if (server) server.getConnections((error, count) => resolve(error ? 0 : count));
      else resolve(0);
    });
}
