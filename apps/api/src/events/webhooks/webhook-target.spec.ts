import { isPublicAddress, TargetRefused, WebhookTargets } from './webhook-target.js';

const refused: Record<string, readonly string[]> = {
  'this host': ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'private networks': ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fd12:3456::1'],
  'link-local, where clouds keep their metadata': ['169.254.0.1', '169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'fec0::1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.254'],
  'multicast and broadcast': ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
  'reserved, documentation and benchmarking': ['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '2001:db8::1', '3fff::1', '100::1'],
  'IPv4 in the clothes of IPv6': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::ffff:0:127.0.0.1', '::127.0.0.1', '::7f00:1'],
  'IPv4 by way of a translator or tunnel': ['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::1', '2001:0:7f00:1::1'],
  'IPv6 that is not assigned to anybody': ['4000::1', 'e000::1', '200::1'],
  'no address at all': ['', 'localhost', 'example.com', '1.2.3', '999.1.1.1', '[::1]'],
}; // prettier-ignore

const open = ['1.1.1.1', '8.8.8.8', '93.184.216.34', '100.63.255.255', '100.128.0.1', '172.15.255.255', '172.32.0.1', '192.167.255.255', '169.253.255.255', '2606:4700::1111', '2a00:1450:4001::8a', '::ffff:8.8.8.8']; // prettier-ignore

describe('isPublicAddress', () => {
  it.each(Object.entries(refused))('refuses %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it('lets the rest through', () => {
    expect(open.filter(isPublicAddress)).toEqual(open);
  });
});

const answers = (addresses: readonly string[]) => () => Promise.resolve([...addresses]);
const outcome = (targets: WebhookTargets, url: string): Promise<unknown> =>
  targets.addressesOf(new URL(url)).catch((error: unknown) => (error instanceof TargetRefused ? error.message : error));

const notPublic = 'the address is not a public one';
const plainHttp = 'http is for private networks that are configured; use https';

describe('WebhookTargets', () => {
  const asked: string[] = [];
  const closed = new WebhookTargets([], (name) => {
    asked.push(name);
    return Promise.resolve(['8.8.8.8']);
  });

  it('takes an address as it stands, however it is written, and asks nobody', async () => {
    const written = ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0', '169.254.169.254'];
    for (const host of written) expect([host, await outcome(closed, `https://${host}/`)]).toEqual([host, notPublic]);
    expect(await outcome(closed, 'https://[2606:4700::1111]:8443/')).toEqual(['2606:4700::1111']);
    expect(asked).toEqual([]);
  });

  it('asks for the addresses of a name', async () => {
    expect(await outcome(closed, 'https://hooks.example.com/x')).toEqual(['8.8.8.8']);
    expect(asked).toEqual(['hooks.example.com']);
  });

  it('knows this machine by its names without asking', async () => {
    const targets = new WebhookTargets(['127.0.0.0/8']);
    for (const name of ['localhost', 'LOCALHOST', 'a.localhost', 'localhost.']) {
      expect([name, await outcome(targets, `http://${name}/`)]).toEqual([name, ['127.0.0.1']]);
    }
    expect(await outcome(new WebhookTargets([]), 'https://localhost/')).toBe(notPublic);
  });

  it('leaves out the private addresses of a name that has both', async () => {
    const mixed = new WebhookTargets([], answers(['10.0.0.1', '8.8.8.8', '::1']));
    expect(await outcome(mixed, 'https://mixed.example.com/')).toEqual(['8.8.8.8']);
    expect(await outcome(new WebhookTargets([], answers(['10.0.0.1'])), 'https://inside.example.com/')).toBe(notPublic);
  });

  it('asks again each time, so that a name that has moved to a private network is refused', async () => {
    const turns = [['8.8.8.8'], ['127.0.0.1']];
    const rebinding = new WebhookTargets([], () => Promise.resolve(turns.shift() ?? []));
    expect(await outcome(rebinding, 'https://rebind.example.com/')).toEqual(['8.8.8.8']);
    expect(await outcome(rebinding, 'https://rebind.example.com/')).toBe(notPublic);
  });

  it('sends in the clear to the configured networks only', async () => {
    const targets = new WebhookTargets(['10.1.0.0/16', 'fd00::/8'], answers(['10.2.0.1', '8.8.8.8']));
    expect(await outcome(targets, 'http://10.1.2.3/')).toEqual(['10.1.2.3']);
    expect(await outcome(targets, 'https://[::ffff:10.1.2.3]/')).toEqual(['::ffff:a01:203']);
    expect(await outcome(targets, 'http://[fd00::1]/')).toEqual(['fd00::1']);
    expect(await outcome(targets, 'http://10.2.0.1/')).toBe(notPublic);
    expect(await outcome(targets, 'http://8.8.8.8/')).toBe(plainHttp);
    expect(await outcome(targets, 'http://mixed.example.com/')).toBe(plainHttp);
    expect(await outcome(targets, 'https://mixed.example.com/')).toEqual(['8.8.8.8']);
  });

  it('passes on that a name is unknown', async () => {
    const unknown = new WebhookTargets([], () => Promise.reject(new Error('no such name')));
    expect(await outcome(unknown, 'https://nowhere.example.com/')).toEqual(new Error('no such name'));
  });
});
