import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that can be closed, and blocked. */
export class Passage {
  private readonly sockets = new Set<Socket>();
  private isBlocked = false;
  private readonly server = createServer();

  async start(target: URL, listenOn = 0): Promise<number> {
    this.server.on('connection', (client) => {
      this.sockets.add(client);
      if (this.isBlocked) return client.pause();
      const upstream = new (client.constructor as typeof Socket)().connect(Number(target.port), target.hostname);
      this.sockets.add(upstream);
      for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
        from.on('data', (data) => this.isBlocked || to.write(data));
        from.on('close', () => to.destroy()).on('error', () => to.destroy());
      }
      return upstream;
    }); // prettier-ignore
    this.server.listen(listenOn, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  block(isBlocked: boolean): void {
    this.isBlocked = isBlocked;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
