import { hash, parseOptions, verify } from '@node-rs/argon2';
import { Problem } from '@app/common';
import pLimit, { type LimitFunction } from 'p-limit';

/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. */
const policy = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The two calls that cost: on the thread pool, not on the event loop. */
export interface Argon2 {
  hash(password: string, options: typeof policy): Promise<string>;
  verify(stored: string, password: string): Promise<boolean>;
}

export interface HashLimits {
  /** Computed at once; each takes a core and 19 MiB for some 30 ms. */
  readonly hashConcurrency: number;
  /** Waiting beyond those. */
  readonly hashQueue: number;
}

const tooBusy = (): Problem =>
  new Problem(503, 'password-hashing-busy', 'Too many log-ins at once', undefined, { headers: { 'retry-after': '2' } });

/** One password, however a keyboard composed its characters (NIST SP 800-63B section 5.1.1.2). */
const normal = (password: string): string => password.normalize('NFKC');

/**
 * argon2id on the thread pool, so that the event loop goes on; a bounded number at once and waiting, and beyond that 503: a flood of
 * log-ins must not starve everything else.
 */
export class PasswordHasher {
  private readonly limit: LimitFunction;

  private constructor(
    private readonly limits: HashLimits,
    private readonly argon2: Argon2,
    /** Of nobody's password: what a log-in without an account is checked against. */
    private readonly dummy: string,
  ) {
    this.limit = pLimit(limits.hashConcurrency);
  }

  static async create(limits: HashLimits, argon2: Argon2 = { hash, verify }): Promise<PasswordHasher> {
    return new PasswordHasher(limits, argon2, await argon2.hash('a password that nobody has', policy));
  }

  hash(password: string): Promise<string> {
    return this.run(() => this.argon2.hash(normal(password), policy));
  }

  /** Takes the same time whether or not there is a hash to compare with; an erased account's is none. */
  async matches(stored: string | undefined, password: string): Promise<boolean> {
    const isUsable = stored !== undefined && stored.startsWith('$argon2');
    const isMatch = await this.run(() => this.argon2.verify(isUsable ? stored : this.dummy, normal(password)));
    return isMatch && isUsable;
  }

  /** Whether a stored hash was made under another policy. */
  isOutdated(stored: string): boolean {
    if (!stored.startsWith('$argon2id$')) return true;
    const { memoryCost, timeCost, parallelism } = parseOptions(stored);
    return memoryCost !== policy.memoryCost || timeCost !== policy.timeCost || parallelism !== policy.parallelism;
  }

  private async run<T>(work: () => Promise<T>): Promise<T> {
    const { activeCount, pendingCount } = this.limit;
    if (activeCount + pendingCount >= this.limits.hashConcurrency + this.limits.hashQueue) throw tooBusy();
    return this.limit(work);
  }
}
