import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { register } from 'prom-client';
import { ConnectionMetrics } from './connection.metrics.js';

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

async function ask(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return socket;
}

describe('ConnectionMetrics', () => {
  it('counts the requests that one server has begun and not ended, and its connections', async () => {
    register.clear();
    const metrics = new ConnectionMetrics();
    const waiting: ServerResponse[] = [];
    const server = createServer((_request, response) => void waiting.push(response));
    const other = createServer();
    metrics.watch(server);
    const [port, otherPort] = [await listen(server), await listen(other)];
    const sockets = [await ask(port), await ask(port), await ask(otherPort)];
    while (waiting.length < 2) await new Promise(setImmediate);
    expect(metrics.requestsInFlight).toBe(2);
    expect(await register.metrics()).toContain('http_connections_active 2\n');
    const [answered, givenUp] = waiting;
    answered?.end('ok');
    sockets[1]?.destroy();
    for (const response of [answered, givenUp]) if (response && !response.closed) await once(response, 'close');
    expect(metrics.requestsInFlight).toBe(0);
    for (const socket of sockets) socket.destroy();
    server.close();
    other.close();
    metrics.onModuleDestroy();
  });
});
