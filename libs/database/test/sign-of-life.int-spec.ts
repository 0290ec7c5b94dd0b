import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { SignOfLife } from '../src/index.js';

/** A way to a server that can be closed, and blocked. */
class Passage {
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

describe('SignOfLife', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
  });
  afterAll(() => database.drop());

  it('says whether the server answers: when it is gone, when it hangs, and when it is back', async () => {
    const target = new URL(database.url);
    let passage = new Passage();
    const port = await passage.start(target);
    const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) }).href;
    const sign = new SignOfLife(url, 300);
    const seen = [await sign.check(), await sign.check()];
    passage.block(true);
    seen.push(await sign.check(), await sign.check());
    await passage.stop();
    seen.push(await sign.check());
    passage = new Passage();
    await passage.start(target, port);
    seen.push(await sign.check());
    sign.close();
    await passage.stop();
    expect(seen).toEqual([true, true, false, false, false, true]);
  });
});
