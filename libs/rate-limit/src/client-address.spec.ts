import type { FastifyRequest } from 'fastify';
import { ClientAddresses } from './client-address.js';

const plain = new ClientAddresses({ allow: [], deny: [] });

describe('ClientAddresses', () => {
  it.each([
    ['203.0.113.7', 'ip:203.0.113.7'],
    ['::ffff:203.0.113.7', 'ip:203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', 'ip:2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::1', 'ip:2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', 'ip:2001:db8:1:3::/64'],
    ['::1', 'ip:::/64'],
    ['fe80::1%eth0', 'ip:fe80::/64'],
    ['garbage', 'ip:unknown'],
    ['', 'ip:unknown'],
    [undefined, 'ip:unknown'],
  ])('counts %s as %s', (address, client) => {
    expect(plain.of(address)).toEqual({ client, standing: 'plain' });
  });

  it.each([
    ['10.1.2.3', 'allowed'],
    ['::ffff:10.1.2.3', 'allowed'],
    ['10.2.0.1', 'denied'],
    ['11.0.0.1', 'plain'],
    ['192.0.2.1', 'allowed'],
    ['192.0.2.2', 'plain'],
    ['2001:db8::1', 'denied'],
    ['2001:db9::1', 'plain'],
  ])('finds %s %s by the lists; a deny wins', (address, standing) => {
    const addresses = new ClientAddresses({ allow: ['10.0.0.0/8', '192.0.2.1'], deny: ['10.2.0.0/16', '2001:db8::/32'] });
    expect(addresses.of(address).standing).toBe(standing);
    expect(addresses.of(address).standing).toBe(standing);
  });

  it('reads a sender once, and again when either the proxy or its word is another one', () => {
    const addresses = new ClientAddresses({ allow: [], deny: [] });
    const ip = jest.fn((value: string) => value);
    const clientOf = (remoteAddress: string, forwarded: string | undefined, read: string) => {
      const request = { headers: { 'x-forwarded-for': forwarded }, raw: { socket: { remoteAddress } } };
      Object.defineProperty(request, 'ip', { get: () => ip(read) });
      return addresses.ofRequest(request as unknown as FastifyRequest).client;
    };
    expect(clientOf('127.0.0.1', '192.0.2.1', '192.0.2.1')).toBe('ip:192.0.2.1');
    expect(clientOf('127.0.0.1', '192.0.2.1', 'not read')).toBe('ip:192.0.2.1');
    expect(ip).toHaveBeenCalledTimes(1);
    expect(clientOf('127.0.0.1', '192.0.2.2', '192.0.2.2')).toBe('ip:192.0.2.2');
    expect(clientOf('203.0.113.9', '192.0.2.1', '203.0.113.9')).toBe('ip:203.0.113.9');
    expect(clientOf('203.0.113.9', undefined, '203.0.113.9')).toBe('ip:203.0.113.9');
    const long = `${'192.0.2.1, '.repeat(50)}192.0.2.7`;
    expect(clientOf('127.0.0.1', long, '192.0.2.7')).toBe('ip:192.0.2.7');
    expect(clientOf('127.0.0.1', long, '192.0.2.8')).toBe('ip:192.0.2.8');
  });

  it.each(['10.0.0.0/33', 'localhost', '10.0.0', '2001:db8::/129', ''])('does not start with %j on a list', (entry) => {
    expect(() => new ClientAddresses({ allow: [entry], deny: [] })).toThrow('neither an address nor a CIDR range');
  });

  it('remembers a bounded number of addresses, and describes them all alike', () => {
    const addresses = new ClientAddresses({ allow: [], deny: ['10.0.0.7'] });
    for (let host = 0; host < 50_000; host += 1) addresses.of(`10.1.${host >> 8}.${host & 255}`);
    expect(addresses.of('10.0.0.7').standing).toBe('denied');
    expect((addresses as unknown as { known: Map<string, unknown> }).known.size).toBeLessThanOrEqual(20_000);
  });
});
