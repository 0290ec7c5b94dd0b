import { z } from 'zod';
import { answeredTimestamp } from '../http/schema.js';
import { email, password, user } from '../users/users.dto.js';

export const login = z
  .strictObject({ email, password: z.string().min(1).max(128) })
  .meta({ id: 'Login', examples: [{ email: 'customer@techmart.test', password: 'techmart-demo' }] });
export type Login = z.output<typeof login>;

const refreshToken = z.string().min(1).max(200);
export const refresh = z.strictObject({ refresh_token: refreshToken }).meta({ id: 'Refresh' });

export const tokens = z
  .object({
    access_token: z.string(),
    refresh_token: z.string().describe('Good once: each refresh gives the next one'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds until the access token expires'),
    user,
  })
  .meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof tokens>;

const oneTimeToken = z.string().min(1).max(200);
export const emailVerification = z.strictObject({ token: oneTimeToken }).meta({ id: 'EmailVerification' });
export const passwordForgotten = z
  .strictObject({ email })
  .meta({ id: 'PasswordForgotten', examples: [{ email: 'customer@techmart.test' }] });
export const passwordReset = z.strictObject({ token: oneTimeToken, password }).meta({ id: 'PasswordReset' });
export type PasswordReset = z.output<typeof passwordReset>;

export const session = z
  .object({
    id: z.uuid(),
    user_agent: z.string().nullable(),
    ip: z.string().nullable(),
    is_current: z.boolean(),
    created_at: answeredTimestamp,
    last_used_at: answeredTimestamp,
    expires_at: answeredTimestamp,
  })
  .meta({ id: 'Session' });
export const sessionsList = z.object({ sessions: z.array(session) }).meta({ id: 'SessionsList' });
export type SessionsList = z.infer<typeof sessionsList>;
