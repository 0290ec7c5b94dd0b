import { z } from 'zod';
import { pageParameters, pagination } from '../http/page.js';
import { answeredTimestamp, booleanParameter, line, text } from '../http/schema.js';

export const username = line(50, 3).regex(/^[\p{L}\p{N}_.-]+$/u, 'only letters, digits, dot, dash and underscore');
// As RFC 5321 bounds its parts, and RFC 1123 the labels of a host: none begins or ends with a dash.
const emailPattern =
  /^(?=.{1,64}@)(?:[A-Za-z0-9_'+-]+\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;
export const email = z.email({ pattern: emailPattern }).max(100);
export const password = text(128, 10);
const firstName = line(50).regex(/\S/, 'must not be blank');
const lastName = line(50).regex(/\S/, 'must not be blank');
const phone = line(20).regex(/^[+0-9 ()./-]+$/, 'only digits, spaces and + ( ) . / -');
const userType = z.enum(['customer', 'seller', 'admin']);

export const registration = z
  .strictObject({ username, email, password, first_name: firstName, last_name: lastName, phone: phone.optional() })
  .meta({
    id: 'Registration',
    examples: [{ username: 'ada', email: 'ada@example.com', password: 'correct horse battery', first_name: 'Ada', last_name: 'Lovelace' }],
  });
export type Registration = z.output<typeof registration>;

export const user = z
  .object({
    id: z.int(),
    username: z.string(),
    email: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    phone: z.string().nullable(),
    user_type: userType,
    is_active: z.boolean(),
    is_verified: z.boolean(),
    version: z.int(),
    created_at: answeredTimestamp,
    last_login: answeredTimestamp.nullable(),
  })
  .meta({
    id: 'User',
    examples: [
      {
        id: 42,
        username: 'ada',
        email: 'ada@example.com',
        first_name: 'Ada',
        last_name: 'Lovelace',
        phone: null,
        user_type: 'customer',
        is_active: true,
        is_verified: true,
        version: 1,
        created_at: '2026-01-31T12:00:00.000Z',
        last_login: '2026-02-01T08:30:00.000Z',
      },
    ],
  });
export type User = z.infer<typeof user>;

export const profile = user
  .extend({ orders_count: z.int(), total_spent: z.number().min(0).describe('On orders that were not cancelled') })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof profile>;

const nameChange = {
  username: username.optional(),
  first_name: firstName.optional(),
  last_name: lastName.optional(),
  phone: phone.nullish(),
};

export const profileChange = z
  .strictObject({
    ...nameChange,
    email: email.optional().describe('A new address is to be verified again'),
    password: password.optional().describe('A new password ends every other session'),
    current_password: text(128).optional().describe('Needed for a new `email` or `password`'),
  })
  .meta({ id: 'ProfileChange', examples: [{ phone: '+1 555 0100' }] });
export type ProfileChange = z.output<typeof profileChange>;

export const userCreation = z
  .strictObject({
    ...registration.shape,
    user_type: userType.optional(),
    is_active: z.boolean().optional(),
    is_verified: z.boolean().optional(),
  })
  .meta({ id: 'UserCreation' });
export type UserCreation = z.output<typeof userCreation>;

export const userChange = z
  .strictObject({
    ...nameChange,
    email: email.optional(),
    user_type: userType.optional(),
    is_active: z.boolean().optional(),
    is_verified: z.boolean().optional(),
  })
  .meta({ id: 'UserChange', examples: [{ user_type: 'seller' }] });
export type UserChange = z.output<typeof userChange>;

export const usersQuery = z.object({
  ...pageParameters,
  q: line(100).optional().describe('Part of the username, the e-mail or the name, in any case'),
  user_type: userType.optional(),
  is_active: booleanParameter().optional(),
});
export type UsersQuery = z.output<typeof usersQuery>;

export const userRow = user.extend({ orders_count: z.int(), posts_count: z.int() }).meta({ id: 'UserRow' });
export type UserRow = z.infer<typeof userRow>;
export const usersPage = z.object({ users: z.array(userRow), pagination }).meta({ id: 'UsersPage' });
export type UsersPage = z.infer<typeof usersPage>;

export const userStats = z
  .object({
    user: z.object({ id: z.int(), username: z.string(), created_at: answeredTimestamp }),
    reviews_count: z.int().describe('Approved ones'),
    average_rating_given: z.number().nullable(),
    posts_count: z.int(),
    post_views: z.int(),
    comments_count: z.int(),
  })
  .meta({ id: 'UserStats' });
export type UserStats = z.infer<typeof userStats>;

export const profileExport = z
  .looseObject({
    exported_at: answeredTimestamp,
    profile: user,
    truncated: z.array(z.string()).describe('Lists too long for one file: the newest entries are here'),
  })
  .meta({ id: 'ProfileExport', description: 'Everything that is held about the caller, a list for each kind of thing.' });
