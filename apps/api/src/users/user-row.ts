import type { User } from './users.dto.js';

const names = [
  'id', 'username', 'email', 'first_name', 'last_name', 'phone', 'user_type', 'is_active', 'is_verified', 'version', 'created_at', 'last_login',
]; // prettier-ignore

/** What an account shows to its owner and to admins: all but the password's hash. */
export const userColumns = names.join(', ');

export const userColumnsOf = (alias: string): string => names.map((name) => `${alias}.${name}`).join(', ');

/** An account with the hash that a password is checked against. */
export type Credentials = User & { readonly password_hash: string };

export interface NewUser extends Pick<
  User,
  'username' | 'email' | 'first_name' | 'last_name' | 'phone' | 'user_type' | 'is_active' | 'is_verified'
> {
  readonly passwordHash: string;
}

/** What a change may set, by column: a name never comes from a request. */
export type UserChanges = Partial<
  Record<'username' | 'email' | 'first_name' | 'last_name' | 'phone' | 'user_type' | 'is_active' | 'is_verified' | 'password_hash', unknown>
>;
