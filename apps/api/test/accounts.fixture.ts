import type { Clock } from '@app/common';
import { MailService } from '../src/mail/mail.service.js';
import { MAIL_TRANSPORT, type MemoryOutbox } from '../src/mail/mail.transport.js';
import type { Answer, Json, TestApp } from './app.harness.js';

/** A clock that stands still until it is moved. */
export class MovableClock implements Clock {
  private ms = Date.now();

  now(): number {
    return this.ms;
  }

  monotonic(): number {
    return this.ms;
  }

  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

export const password = 'a long enough password';
export const newPassword = 'another long password';
let count = 0;

export function registration(given: Json = {}): Json {
  count += 1;
  return { username: `member${count}`, email: `member${count}@members.test`, password, first_name: 'Ada', last_name: 'Byron', ...given };
}

export interface Account {
  readonly id: number;
  readonly email: string;
  readonly username: string;
}

export async function openAccount(app: TestApp, given: Json = {}): Promise<Account> {
  const { status, body, text } = await app.post('/auth/register', registration(given));
  if (status !== 201) throw new Error(`${status}: ${text}`);
  return { id: body['id'] as number, email: body['email'] as string, username: body['username'] as string };
}

export interface LoggedIn {
  readonly access: string;
  readonly refresh: string;
  readonly sessionId: string;
}

export function tokensIn({ status, body, text }: Answer): LoggedIn {
  if (status !== 200) throw new Error(`${status}: ${text}`);
  const refresh = body['refresh_token'] as string;
  return { access: body['access_token'] as string, refresh, sessionId: refresh.split('.')[0] ?? '' };
}

export const logIn = async (app: TestApp, email: string, given = password): Promise<LoggedIn> =>
  tokensIn(await app.post('/auth/login', { email, password: given }));

export async function openAndLogIn(app: TestApp, given: Json = {}): Promise<Account & LoggedIn> {
  const account = await openAccount(app, given);
  return { ...account, ...(await logIn(app, account.email)) };
}

/** What was mailed to the address, oldest first, once nothing is on its way any more. */
export async function mailsTo(app: TestApp, email: string): Promise<MemoryOutbox['mails']> {
  await app.resolve<MailService>(MailService).idle();
  return app.resolve<MemoryOutbox>(MAIL_TRANSPORT).mails.filter(({ to }) => to === email);
}

/** The token in the newest mail to the address that links to the page. */
export async function mailedToken(app: TestApp, email: string, page: 'verify-email' | 'reset-password'): Promise<string> {
  const mails = await mailsTo(app, email);
  const token = mails.map(({ text }) => new RegExp(`/${page}\\?token=(\\S+)`).exec(text)?.[1]).findLast((found) => found !== undefined);
  if (token === undefined) throw new Error(`no mail to ${email} links to ${page}`);
  return token;
}

export const problem = (code: string): string => `https://techmart.dev/problems/${code}`;

/** Status, kind and places of a refusal: what a client acts on. */
export function refusal({ status, body, headers }: Answer): Json {
  const pointers = (body['errors'] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);
  const code = String(body['type']).replace(problem(''), '');
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8') throw new Error(`not a problem: ${headers['content-type']}`);
  return { status, code, ...(pointers ? { pointers: [...new Set(pointers)] } : {}) };
}

/** Every row of the list, page by page, as a client would read it. */
export async function walk(app: TestApp, path: string, key: string, { as, by }: { as: string; by: 'page' | 'cursor' }): Promise<Json[]> {
  const rows: Json[] = [];
  for (let page = 1, cursor = ''; page < 1000; page += 1) {
    const position = by === 'page' ? `&page=${page}` : cursor && `&cursor=${cursor}`;
    const { status, body, text } = await app.get(path + position, { as });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    rows.push(...(body[key] as Json[]));
    cursor = (body['pagination']['next_cursor'] as string | null) ?? '';
    if (cursor === '') return rows;
  }
  throw new Error('the list has no end');
}
