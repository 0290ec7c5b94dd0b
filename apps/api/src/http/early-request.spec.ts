import { fastify } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { EarlyRequest } from './early-request.js';
import { trustedHops } from './trusted-hops.js';

const forged = '198.51.100.1, 203.0.113.9, 10.0.0.2';

describe('a request that Fastify has not heard of', () => {
  it.each([
    ['', forged],
    ['loopback', forged],
    ['loopback', undefined],
    ['loopback, 10.0.0.0/8', forged],
    ['1', forged],
    ['2', '198.51.100.1'],
    ['10.0.0.0/8', forged],
  ])('comes from the address that Fastify would tell, trusting "%s", with X-Forwarded-For "%s"', async (setting, forwarded) => {
    const trusts = trustedHops(setting);
    const server = fastify({ trustProxy: trusts ?? false });
    let message: IncomingMessage | undefined;
    server.get('/', (request) => {
      message = request.raw;
      return { ip: request.ip };
    });
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const { ip } = (await server.inject({ url: '/', headers, remoteAddress: '127.0.0.1' })).json<{ ip: string }>();
    await server.close();
    expect(new EarlyRequest(message as IncomingMessage, {} as never, trusts).ip).toBe(ip);
  });

  it('refuses a setting that names no addresses', () => {
    expect(() => trustedHops('nonsense')).toThrow(TypeError);
  });
});
