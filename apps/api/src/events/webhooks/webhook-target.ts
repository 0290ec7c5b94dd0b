import ipaddr from 'ipaddr.js';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The addresses of a name; rejects when there is none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** The one range of IPv6 that is routed in public; ipaddr.js calls unassigned ones unicast as well. */
const publicV6 = ipaddr.parseCIDR('2000::/3');

/** A webhook may not be sent there: the address is of a private network, or plain HTTP would cross a public one. */
export class TargetRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TargetRefused';
  }
}

const plainHttp = 'http is for private networks that are configured; use https';

/** An IPv4 address in IPv6 clothing counts as what it is. Undefined: not an address; ipaddr.js alone would take `1.2.3` for one. */
const parse = (address: string) => (isIP(address) ? ipaddr.process(address) : undefined);

export function isPublicAddress(address: string): boolean {
  const ip = parse(address);
  if (ip === undefined || ip.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || ip.match(publicV6);
}

/**
 * Says to which addresses webhooks may be sent: over https to all public ones, over either to those of the configured networks, to
 * nothing else. A sender connects to the addresses that it is given here, not to the name, whose next answer may be another one.
 */
export class WebhookTargets {
  private readonly networks: readonly ReturnType<typeof ipaddr.parseCIDR>[];

  constructor(
    privateNetworks: readonly string[],
    private readonly resolve: Resolve = resolveName,
  ) {
    this.networks = privateNetworks.map((network) => ipaddr.parseCIDR(network));
  }

  /** At least one; throws `TargetRefused` when none is left, and what the resolver throws. */
  async addressesOf({ protocol, hostname }: URL): Promise<string[]> {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(host) ? [host] : await this.resolve(host);
    const configured = addresses.filter((address) => this.isConfigured(address));
    if (configured.length > 0) return configured;
    const open = addresses.filter(isPublicAddress);
    if (open.length === 0) throw new TargetRefused('the address is not a public one');
    if (protocol !== 'https:') throw new TargetRefused(plainHttp);
    return open;
  }

  private isConfigured(address: string): boolean {
    const ip = parse(address);
    return ip !== undefined && this.networks.some((network) => network[0].kind() === ip.kind() && ip.match(network));
  }
}

const isLocalName = (hostname: string): boolean => /(^|\.)localhost\.?$/i.test(hostname);

/**
 * Asks the name servers, not the system's resolver: that one waits in the threads that hash passwords, for as long as a name server
 * of a stranger likes. Names of the hosts file are therefore unknown, but for `localhost` (RFC 6761).
 */
async function resolveName(hostname: string): Promise<string[]> {
  if (isLocalName(hostname)) return ['127.0.0.1', '::1'];
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length === 0) throw new Error(`the name ${hostname} has no address`);
  return addresses;
}
