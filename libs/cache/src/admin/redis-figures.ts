import type { ScriptRunner } from '../redis/redis-link.js';

/** Of the whole server, whoever uses it: hits and misses of sessions and limits are among them. */
export interface RedisFigures {
  readonly keyspace_hits: number;
  readonly keyspace_misses: number;
  /** Hits of all look-ups, in percent; 0 before the first one. */
  readonly hit_rate: number;
  /** Bytes. */
  readonly used_memory: number;
  readonly connected_clients: number;
  readonly total_commands_processed: number;
}

/** Undefined while Redis does not answer. One command. */
export async function redisFigures(link: ScriptRunner): Promise<RedisFigures | undefined> {
  try {
    return parseInfo(String(await link.send(['INFO'])));
  } catch {
    // Its absence is the answer; the link has counted it.
    return undefined;
  }
}

export function parseInfo(info: string): RedisFigures {
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const [keyspace_hits, keyspace_misses] = [figure('keyspace_hits'), figure('keyspace_misses')];
  const lookups = keyspace_hits + keyspace_misses;
  return {
    keyspace_hits,
    keyspace_misses,
    hit_rate: lookups === 0 ? 0 : (keyspace_hits / lookups) * 100,
    used_memory: figure('used_memory'),
    connected_clients: figure('connected_clients'),
    total_commands_processed: figure('total_commands_processed'),
  };
}
