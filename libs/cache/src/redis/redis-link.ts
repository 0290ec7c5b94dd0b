import { createHash } from 'node:crypto';
import { RESP_TYPES } from 'redis';
import type { CircuitBreaker } from './circuit-breaker.js';
import { Deadline } from './deadline.js';
import { RedisFull, RedisUnavailable, type RedisCommands } from './redis-client.js';
import type { Script } from './scripts.js';

export interface RedisLinkOptions {
  readonly client: RedisCommands;
  /** Longest wait for an answer, in milliseconds. */
  readonly deadlineMs: number;
}

/** Runs scripts and commands on Redis, within a deadline. */
export interface ScriptRunner {
  run(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
  send(command: readonly (string | Buffer)[]): Promise<unknown>;
}

const asBuffers = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Commands with a deadline. Never waits for a connection: a client that is not connected is a failure at once, whether or not it
 * would queue. Rejects with `RedisUnavailable` or `RedisFull` alone, and tells the breaker.
 */
export class RedisLink implements ScriptRunner {
  /** Counts since the process started. */
  readonly stats = { commands: 0, errors: 0, timeouts: 0, refusedWhenFull: 0, lastError: '' };
  /** The same whatever the breaker says: for its probe. */
  readonly unguarded: ScriptRunner = {
    run: (script, keys, args) => this.evaluate(script, keys, args),
    send: (command) => this.send(command),
  };
  private breaker: CircuitBreaker | undefined;
  private readonly withoutFlags = new Map<Script, Script>();
  private knowsFlags = true;

  constructor(private readonly options: RedisLinkOptions) {}

  guardedBy(breaker: CircuitBreaker): void {
    this.breaker = breaker;
  }

  get isReady(): boolean {
    return this.options.client.isReady;
  }

  /** Runs a script while the breaker lets it. */
  async run(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    if (this.breaker?.state === 'open') throw new RedisUnavailable('it has failed a moment ago');
    try {
      const reply = await this.evaluate(script, keys, args);
      this.breaker?.succeeded();
      return reply;
    } catch (error) {
      if (error instanceof RedisUnavailable) this.breaker?.failed();
      throw error;
    }
  }

  private async evaluate(script: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown> {
    const known = this.knowsFlags ? script : this.plain(script);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(['EVALSHA', known.sha, ...rest]);
    } catch (error) {
      // The server has been restarted or its scripts were flushed.
      if (!(error instanceof Error && messageOf(error.cause).startsWith('NOSCRIPT'))) throw error;
      return this.send(['EVAL', known.source, ...rest]);
    }
  }

  /** Sends a command as it is. Strings come back as buffers. */
  async send(command: readonly (string | Buffer)[]): Promise<unknown> {
    this.stats.commands += 1;
    if (!this.options.client.isReady) throw this.failure('no connection');
    const deadline = new Deadline(this.options.deadlineMs, () => this.late());
    try {
      return await Promise.race([this.options.client.sendCommand(command, asBuffers), deadline.passed]);
    } catch (error) {
      throw error instanceof RedisUnavailable ? error : this.translate(error);
    } finally {
      deadline.clear();
    }
  }

  /** Scripts are sent without their first line from here on: the server is older than version 7. */
  withoutScriptFlags(): void {
    this.knowsFlags = false;
  }

  private translate(error: unknown): Error {
    const message = messageOf(error);
    if (message.startsWith('OOM')) {
      this.stats.refusedWhenFull += 1;
      this.stats.lastError = message;
      return new RedisFull(error);
    }
    return message.startsWith('NOSCRIPT') ? new RedisUnavailable(message, error) : this.failure(message, error);
  }

  private late(): RedisUnavailable {
    this.stats.timeouts += 1;
    return this.failure(`no answer within ${this.options.deadlineMs} ms`);
  }

  private failure(reason: string, cause?: unknown): RedisUnavailable {
    this.stats.errors += 1;
    this.stats.lastError = reason;
    return new RedisUnavailable(reason, cause);
  }

  private plain(script: Script): Script {
    let plain = this.withoutFlags.get(script);
    if (!plain) {
      const source = script.source.replace(/^#!.*\n/, '');
      this.withoutFlags.set(script, (plain = { source, sha: createHash('sha1').update(source).digest('hex') }));
    }
    return plain;
  }
}
