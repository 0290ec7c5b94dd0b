import proxyAddress from '@fastify/proxy-addr';

/** Whether the word of a hop about the one before it counts; 0 is the peer of the connection. */
export type TrustsHop = (address: string, hop: number) => boolean;

/** `loopback`, a number of hops, or addresses and CIDR ranges; empty trusts nobody: undefined. */
export function trustedHops(setting: string): TrustsHop | undefined {
  if (setting === '') return undefined;
  const hops = Number(setting);
  if (Number.isInteger(hops)) return (_address, hop) => hop < hops;
  return proxyAddress.compile(setting.split(',').map((entry) => entry.trim()));
}
