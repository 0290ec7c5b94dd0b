import ipaddr from 'ipaddr.js';
import type { LimitedRequest } from './rate-limit.options.js';

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

export interface KnownAddress {
  /** Who is counted: an IPv4 address, or the /64 of an IPv6 one, which is what one customer of a provider has. */
  readonly client: string;
  readonly standing: 'allowed' | 'denied' | 'plain';
}

/** Most that is remembered; then all is forgotten, which costs each client a few microseconds once. */
const REMEMBERED = 20_000;
/** Longest `X-Forwarded-For` that is remembered: a client may send anything. */
const LONGEST = 200;

/** Addresses as clients: what each is counted as, and whether a list names it. A remembered one costs a look-up in a map. */
export class ClientAddresses {
  private readonly known = new Map<string, KnownAddress>();
  private readonly allow: readonly Range[];
  private readonly deny: readonly Range[];

  /** Entries are addresses or CIDR ranges. Throws and names an entry that is neither. */
  constructor(lists: { readonly allow: readonly string[]; readonly deny: readonly string[] }) {
    this.allow = lists.allow.map(parseRange);
    this.deny = lists.deny.map(parseRange);
  }

  /** Whether there is a list to look at. */
  get hasLists(): boolean {
    return this.allow.length > 0 || this.deny.length > 0;
  }

  /**
   * The sender of a request, by the framework's own reading of proxies. That reading parses and compares each hop, so its result is
   * remembered with what it was read from.
   */
  ofRequest(request: Pick<LimitedRequest, 'headers' | 'ip' | 'raw'>): KnownAddress {
    const forwarded = request.headers['x-forwarded-for'];
    if (typeof forwarded !== 'string' || forwarded.length > LONGEST) return this.of(request.ip);
    const sender = `${request.raw.socket.remoteAddress ?? ''} ${forwarded}`;
    const known = this.known.get(sender);
    return known ?? this.remember(sender, this.describe(request.ip));
  }

  /** What is no address (a socket file, a proxy's nonsense) is one client together with all else that is none. */
  of(address: string | undefined): KnownAddress {
    const text = address ?? '';
    return this.known.get(text) ?? this.remember(text, this.describe(text));
  }

  private remember(text: string, address: KnownAddress): KnownAddress {
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(text, address);
    return address;
  }

  private describe(text: string): KnownAddress {
    if (!ipaddr.isValid(text)) return { client: 'ip:unknown', standing: 'plain' };
    const address = ipaddr.process(text);
    const isIn = (ranges: readonly Range[]) =>
      ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits));
    return { client: `ip:${clientOf(address)}`, standing: isIn(this.deny) ? 'denied' : isIn(this.allow) ? 'allowed' : 'plain' };
  }
}

function clientOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]);
  return `${network.toString()}/64`;
}

/** Whether `ClientAddresses` takes the entry. The short forms of old (`10.1` for `10.0.0.1`) are more often a slip than meant. */
export function isAddressRange(entry: string): boolean {
  const [address = '', ...prefix] = entry.trim().split('/');
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return false;
  return prefix.length === 0 || ipaddr.isValidCIDR(entry.trim());
}

function parseRange(entry: string): Range {
  if (!isAddressRange(entry)) throw new Error(`"${entry}" is neither an address nor a CIDR range`);
  const text = entry.trim();
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
