/**
 * Names of the keys of a namespace. The braces put all of them in one slot of a Redis Cluster, for the scripts touch several at
 * once; so one namespace lives on one shard.
 */
export class RedisKeys {
  readonly clock: string;
  readonly generations: string;
  readonly channel: string;

  constructor(private readonly namespace: string) {
    if (!/^[\w-]+$/.test(namespace)) throw new RangeError('a namespace is made of letters, digits, "_" and "-"');
    this.clock = `{${namespace}}:clock`;
    this.generations = `{${namespace}}:g:`;
    this.channel = `{${namespace}}:bus`;
  }

  entry = (key: string): string => `{${this.namespace}}:e:${key}`;
  lease = (key: string): string => `{${this.namespace}}:l:${key}`;
  /** A glob for entries and leases. */
  anyOf = (glob: string): string => `{${this.namespace}}:[el]:${glob}`;
  keyOfEntry = (entry: string): string => entry.slice(this.entry('').length);
  /** Where acknowledgements for one process arrive. */
  acknowledgements = (origin: string): string => `{${this.namespace}}:ack:${origin}`;
}
