import type { Json } from '../app.harness.js';
import { callers, type Caller, type World } from './world.fixture.js';

export interface Request {
  readonly path: string;
  readonly body?: Json | string;
  readonly headers?: Record<string, string>;
  /** Another token than the caller's. */
  readonly as?: string | undefined;
}

export type Build = (world: World, caller: Caller) => Promise<Request> | Request;

export interface Row {
  /** As the document names it. */
  readonly route: string;
  /** What is special about this one, where a route has several rows. */
  readonly of: string;
  readonly build: Build;
  readonly statuses: Readonly<Record<Caller, number>>;
}

/** `statuses` of stranger, owner, other customer, seller, rival seller, admin. */
export function row(route: string, statuses: string, build: Build, of = ''): Row {
  const given = statuses.split(' ').map(Number);
  const entries = callers.map((caller, n) => [caller, given[n] ?? given[0]] as const);
  return { route, of, build, statuses: Object.fromEntries(entries) as Row['statuses'] };
}

export const to = (path: string): Build => () => ({ path }); // prettier-ignore
export const at = (path: (id: number) => string, make: (world: World) => Promise<number>, body?: Json): Build =>
  async (world) => ({ path: path(await make(world)), ...(body ? { body } : {}) }); // prettier-ignore

export const anyone = (status: number): string => `${status}`;
export const signedIn = (status: number): string => `401 ${status} ${status} ${status} ${status} ${status}`;
export const sellers = (status: number): string => `401 403 403 ${status} ${status} ${status}`;
export const admins = (status: number): string => `401 403 403 403 403 ${status}`;
/** The owner's alone, and not there for anybody else; or the admins' too. */
export const owners = (status: number): string => `401 ${status} 404 404 404 404`;
export const ownersAndAdmins = (status: number): string => `401 ${status} 404 404 404 ${status}`;
