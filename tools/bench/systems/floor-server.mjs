// What no Node service can be cheaper than: a server that knows its answer. Told by its parent which bytes to send.
import Fastify from 'fastify';
import { createServer } from 'node:http';

let reply = { headers: [], body: Buffer.alloc(0) };

const servers = {
  http: async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, reply.headers);
      response.end(reply.body);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return server.address().port;
  },
  fastify: async () => {
    const server = Fastify();
    server.all('*', (_request, answer) => {
      for (let at = 0; at < reply.headers.length; at += 2) answer.header(reply.headers[at], reply.headers[at + 1]);
      return answer.send(reply.body);
    });
    await server.listen({ port: 0, host: '127.0.0.1' });
    return server.server.address().port;
  },
};

process.on('message', (next) => {
  reply = { headers: next.headers, body: Buffer.from(next.body) };
  process.send({ isSet: true });
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.send({ port: await servers[process.argv[2]]() });
