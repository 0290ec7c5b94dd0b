import type { RedisCommands } from './redis-client.js';
import { RedisKeys } from './redis-keys.js';

/** What is needed of a `createCluster` client. */
export interface RedisClusterClient {
  readonly isOpen: boolean;
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: (string | Buffer)[],
    options?: { readonly typeMapping?: Record<number, unknown> },
  ): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/**
 * The commands of a Redis Cluster client for a cache with this namespace: all its keys lie in one slot, so every command goes to the
 * node that owns it. An ordinary client of any node can be the subscriber, since a cluster passes messages on to all its nodes.
 */
export function clusterCommands(cluster: RedisClusterClient, namespace = 'cache'): RedisCommands {
  const { clock } = new RedisKeys(namespace);
  return {
    get isReady() {
      return cluster.isOpen;
    },
    sendCommand: (args, options) => cluster.sendCommand(clock, false, [...args], options),
    on: (event, listener) => cluster.on(event, listener),
    off: (event, listener) => cluster.off(event, listener),
  };
}
