import type { Answer, Json, TestApp } from './app.harness.js';

export const password = 'correct horse battery';
let people = 0;

export interface Person {
  readonly id: number;
  readonly email: string;
  readonly username: string;
}

export const registration = (given: Json = {}): Json => {
  people += 1;
  const username = `person${people}`;
  return { username, email: `${username}@people.test`, password, first_name: 'Ada', last_name: 'Lovelace', ...given };
};

export async function register(app: TestApp, given: Json = {}): Promise<Person> {
  const { status, body, text } = await app.post('/auth/register', registration(given));
  if (status !== 201) throw new Error(`registering answered ${status}: ${text}`);
  return { id: body['id'] as number, email: body['email'] as string, username: body['username'] as string };
}

export const login = (app: TestApp, email: string, given = password): Promise<Answer> =>
  app.post('/auth/login', { email, password: given });

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly sessionId: string;
}

export const claimsOf = (token: string): Json => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Json;

export function tokensOf({ status, body, text }: Answer): Tokens {
  if (status !== 200) throw new Error(`no tokens in ${status}: ${text}`);
  const access = body['access_token'] as string;
  return { access, refresh: body['refresh_token'] as string, sessionId: claimsOf(access)['sid'] as string };
}

export const logIn = async (app: TestApp, email: string, given?: string): Promise<Tokens> => tokensOf(await login(app, email, given));

export const demo = (app: TestApp, role: 'admin' | 'seller' | 'customer'): Promise<Tokens> =>
  logIn(app, `${role}@techmart.test`, 'techmart-demo');

export const refresh = (app: TestApp, token: string): Promise<Answer> => app.post('/auth/refresh', { refresh_token: token });

/** What differs from one answer to the next, whatever the reason. */
export const alike = ({ status, body, headers }: Answer): Json => {
  const { request_id: _, ...rest } = body;
  return {
    status,
    body: rest,
    challenge: headers['www-authenticate'],
    statements: /desc="(.*?)"/.exec(headers['server-timing'] ?? '')?.[1],
  };
};
