import { hash } from '@node-rs/argon2';
import { Problem } from '@app/common';
import { PasswordHasher, type Argon2, type HashLimits } from './password-hash.js';

const stored = (password: string): string => `$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$${Buffer.from(password).toString('base64url')}`;

/** Computes nothing; with `hold`, every call waits until it is let go. */
class FakeArgon2 implements Argon2 {
  hashed: string[] = [];
  verified: [string, string][] = [];
  running = 0;
  mostRunning = 0;
  hold = false;
  private waiting: (() => void)[] = [];

  async hash(password: string): Promise<string> {
    this.hashed.push(password);
    await this.work();
    return stored(password);
  }

  async verify(given: string, password: string): Promise<boolean> {
    this.verified.push([given, password]);
    await this.work();
    return given === stored(password);
  }

  letGo(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async work(): Promise<void> {
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    if (this.hold) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running -= 1;
  }
}

async function start(limits: Partial<HashLimits> = {}): Promise<{ argon2: FakeArgon2; hasher: PasswordHasher }> {
  const argon2 = new FakeArgon2();
  const hasher = await PasswordHasher.create({ hashConcurrency: 2, hashQueue: 3, ...limits }, argon2);
  return { argon2, hasher };
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe('the load that passwords make', () => {
  it('never has more of them computed at once than allowed, and leaves none out', async () => {
    const { argon2, hasher } = await start({ hashConcurrency: 2, hashQueue: 8 });
    argon2.hold = true;
    const work = Array.from({ length: 10 }, (_, n) => hasher.hash(`password ${n}`));
    for (let round = 0; round < 10; round += 1) {
      await turns();
      argon2.letGo();
    }
    expect((await Promise.all(work)).every((made, n) => made === stored(`password ${n}`))).toBe(true);
    expect(argon2.mostRunning).toBe(2);
  });

  it('refuses with 503 and Retry-After beyond the queue, at once and without computing', async () => {
    const { argon2, hasher } = await start({ hashConcurrency: 2, hashQueue: 3 });
    argon2.hold = true;
    const taken = Array.from({ length: 5 }, () => hasher.matches(stored('x'), 'x'));
    const refused = await hasher.matches(stored('x'), 'x').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ status: 503, code: 'password-hashing-busy', headers: { 'retry-after': '2' } });
    argon2.hold = false;
    await turns();
    argon2.letGo();
    expect(await Promise.all(taken)).toEqual([true, true, true, true, true]);
    expect(argon2.verified).toHaveLength(5);
  });

  it('takes new ones as soon as there is room again', async () => {
    const { argon2, hasher } = await start({ hashConcurrency: 1, hashQueue: 1 });
    argon2.hold = true;
    const taken = [hasher.hash('a'), hasher.hash('b')];
    await expect(hasher.hash('c')).rejects.toThrow(Problem);
    await turns();
    argon2.hold = false;
    argon2.letGo();
    await Promise.all(taken);
    expect(await hasher.hash('c')).toBe(stored('c'));
  });

  it('frees its place when a computation fails', async () => {
    const { argon2, hasher } = await start({ hashConcurrency: 1, hashQueue: 0 });
    argon2.verify = () => Promise.reject(new Error('out of memory'));
    await expect(hasher.matches(stored('x'), 'x')).rejects.toThrow('out of memory');
    expect(await hasher.hash('x')).toBe(stored('x'));
  });
});

describe('matches', () => {
  it('tells the right password from a wrong one', async () => {
    const { hasher } = await start();
    expect(await hasher.matches(stored('right'), 'right')).toBe(true);
    expect(await hasher.matches(stored('right'), 'wrong')).toBe(false);
  });

  it.each([
    ['a known one', stored('right')],
    ['an unknown one', undefined],
    ['an erased one, which has no hash', ''],
    ['one whose hash is of another kind', '$2b$10$abcdefghijklmnopqrstuv'],
  ])('costs one verification and no hash for the password of %s', async (_, given) => {
    const { argon2, hasher } = await start();
    const hashesBefore = argon2.hashed.length;
    expect(await hasher.matches(given, 'wrong')).toBe(false);
    expect([argon2.verified.length, argon2.hashed.length - hashesBefore]).toEqual([1, 0]);
  });

  it('compares an unknown one with a hash that was made under the same policy, before the first log-in', async () => {
    const { argon2, hasher } = await start();
    const [dummy] = argon2.hashed;
    await hasher.matches(undefined, 'anything');
    expect(argon2.verified).toEqual([[stored(dummy ?? ''), 'anything']]);
    expect(hasher.isOutdated(stored(dummy ?? ''))).toBe(false);
  });

  it('lets nobody in with the dummy’s own password', async () => {
    const { argon2, hasher } = await start();
    expect(await hasher.matches(undefined, argon2.hashed[0] ?? '')).toBe(false);
    expect(await hasher.matches('', argon2.hashed[0] ?? '')).toBe(false);
  });

  it('takes one password however a keyboard composes it', async () => {
    const { hasher } = await start();
    const composed = await hasher.hash('caf\u00e9 1234567');
    expect(await hasher.matches(composed, 'cafe\u0301 1234567')).toBe(true);
  });
});

describe('isOutdated', () => {
  it.each([
    ['less memory', '$argon2id$v=19$m=4096,t=2,p=1$c2FsdHNhbHQ$aGFzaA', true],
    ['fewer passes', '$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHQ$aGFzaA', true],
    ['more lanes', '$argon2id$v=19$m=19456,t=2,p=4$c2FsdHNhbHQ$aGFzaA', true],
    ['another variant', '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', true],
    ['another algorithm', '$2b$10$abcdefghijklmnopqrstuv', true],
    ['the present parameters', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', false],
  ])('a hash of %s', async (_, given, expected) => {
    const { hasher } = await start();
    expect(hasher.isOutdated(given)).toBe(expected);
  });

  it('agrees with the real argon2id, which also matches what it made', async () => {
    const hasher = await PasswordHasher.create({ hashConcurrency: 1, hashQueue: 1 });
    const made = await hasher.hash('correct horse battery');
    expect([hasher.isOutdated(made), await hasher.matches(made, 'correct horse battery')]).toEqual([false, true]);
    const weak = await hash('correct horse battery', { memoryCost: 4096, timeCost: 1, parallelism: 1 });
    expect([hasher.isOutdated(weak), await hasher.matches(weak, 'correct horse battery')]).toEqual([true, true]);
  });
});
