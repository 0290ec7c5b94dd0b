import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from './config.js';

const secret = 'k1:abcdefghijklmnopqrstuvwxyz0123456789';
const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/techmart', JWT_KEYS: secret, SMTP_URL: 'smtp://mail:25' };

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('needs no variable outside production', () => {
    expect(loadConfig({}).http.port).toBe(3000);
  });

  it('lists every bad variable at once', () => {
    const problems = problemsOf({ PORT: '99999', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x' });
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(['PORT', 'LOG_LEVEL', 'DATABASE_URL']);
  });

  it('counts an empty variable as not set', () => {
    expect(loadConfig({ DATABASE_URL: '', PORT: '' }).database.url).toBeUndefined();
  });

  it('refuses production without a server, a key and a mail server', () => {
    expect(problemsOf({ NODE_ENV: 'production' }).map((problem) => problem.split(':', 1)[0])).toEqual([
      'DATABASE_URL',
      'JWT_KEYS',
      'SMTP_URL',
    ]);
    expect(problemsOf(production)).toEqual([]);
  });

  it('refuses a short key anywhere and a repetitive one in production', () => {
    expect(problemsOf({ JWT_KEYS: 'k1:short' })).toEqual(['JWT_KEYS: each key is id:secret, the secret of 32 characters or more']);
    expect(problemsOf({ ...production, JWT_KEYS: `k1:${'a'.repeat(40)}` })).toEqual([
      'JWT_KEYS: a secret repeats too few characters to be random',
    ]);
  });

  it('keeps the order of the keys: the first signs', () => {
    expect(loadConfig({ JWT_KEYS: `${secret},k0:${'z'.repeat(32)}` }).auth.jwtKeys.map((key) => key.id)).toEqual(['k1', 'k0']);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  it('has every variable in .env.example, and no other', () => {
    const source = readFileSync(join(__dirname, 'config.schema.ts'), 'utf8');
    const declared = [...source.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map((match) => match[1]);
    const example = readFileSync(join(__dirname, '../../../.env.example'), 'utf8');
    expect([...example.matchAll(/^([A-Z][A-Z_]+)=/gm)].map((match) => match[1]).toSorted()).toEqual(declared.toSorted());
  });
});
