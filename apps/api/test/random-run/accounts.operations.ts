import { MAIL_TRANSPORT, type MemoryOutbox } from '../../src/mail/mail.transport.js';
import type { Answer } from '../app.harness.js';
import { admin, anyone, mostly, passerOf, registration, type Operations, type Passer, type Turn } from './world.fixture.js';

const stranger: Passer = { id: 987_654_321, email: 'nobody@members.test', username: 'nobody', password: 'no such password', sessions: [] };
const passer = ({ world, chance }: Turn): Passer => chance.pick(world.passers.slice(-10), stranger);
/** The last log-in, mostly; else one that may be spent or ended. */
const session = (turn: Turn, { sessions }: Passer) =>
  (turn.chance.is(0.8) ? sessions.at(-1) : turn.chance.pick(sessions, undefined)) ?? { access: 'x.y.z', refresh: 'none' };
const loggedIn = ({ world, chance }: Turn): Passer =>
  chance.pick(world.passers.filter(({ sessions }) => sessions.length > 0).slice(-10), stranger);
const access = (turn: Turn): string => session(turn, loggedIn(turn)).access;

const mailedToken = ({ app, chance }: Turn, page: string): string => {
  const { mails } = app.resolve<MemoryOutbox>(MAIL_TRANSPORT);
  const found = mails.slice(-30).flatMap(({ text }) => new RegExp(`/${page}\\?token=(\\S+)`).exec(text)?.[1] ?? []);
  return chance.pick(found, 'none');
};

async function open(turn: Turn, path: string, as?: string): Promise<Answer> {
  const given = registration();
  const answer = await turn.app.post(path, given, { as });
  if (answer.status === 201) turn.world.passers.push(passerOf(given, answer));
  return answer;
}

async function logIn(turn: Turn): Promise<Answer> {
  const who = passer(turn);
  const answer = await turn.app.post('/auth/login', { email: who.email, password: who.password });
  if (answer.status === 200) who.sessions.push({ access: answer.body['access_token'], refresh: answer.body['refresh_token'] });
  return answer;
}

async function refresh(turn: Turn): Promise<Answer> {
  const who = loggedIn(turn);
  const answer = await turn.app.post('/auth/refresh', { refresh_token: session(turn, who).refresh });
  if (answer.status === 200) who.sessions.push({ access: answer.body['access_token'], refresh: answer.body['refresh_token'] });
  return answer;
}

/** Whoever leaves has ordered something, which stays. */
async function erase(turn: Turn): Promise<Answer> {
  const as = access(turn);
  const order = {
    items: [{ product_id: turn.world.products.at(-1), quantity: 1 }],
    shipping_address: 'Erase Street 1',
    payment_method: 'card',
  };
  const placed = await turn.app.post('/orders', order, { as });
  if (placed.status === 201) turn.world.orders.push({ id: placed.body['id'], buyer: { id: 0, token: as } });
  return turn.app.delete('/users/profile', { as });
}

async function endSession(turn: Turn): Promise<Answer> {
  const as = access(turn);
  const { body } = await turn.app.get('/users/profile/sessions', { as });
  const id = turn.chance.pick<{ id: string }>(body['sessions'] ?? [], { id: '00000000-0000-4000-8000-000000000000' }).id;
  return turn.app.delete(`/users/profile/sessions/${id}`, { as });
}

const change = (turn: Turn) =>
  turn.chance.pick<object>(
    [{ first_name: 'Grace' }, { is_active: false }, { is_active: true }, { user_type: 'seller' }, { user_type: 'customer' }],
    {},
  );

export const accountOperations: Operations = {
  'POST /auth/register': [6, (turn) => open(turn, '/auth/register')],
  'POST /auth/login': [10, logIn],
  'POST /auth/refresh': [20, refresh],
  'POST /auth/logout': [4, (turn) => turn.app.post('/auth/logout', { refresh_token: session(turn, loggedIn(turn)).refresh })],
  'POST /auth/verify-email': [6, (turn) => turn.app.post('/auth/verify-email', { token: mailedToken(turn, 'verify-email') })],
  'POST /auth/forgot-password': [6, (turn) => turn.app.post('/auth/forgot-password', { email: passer(turn).email })],
  'POST /auth/reset-password': [
    4,
    (turn) => turn.app.post('/auth/reset-password', { token: mailedToken(turn, 'reset-password'), password: 'a long enough password' }),
  ],
  'PATCH /users/profile': [8, (turn) => turn.app.patch('/users/profile', { last_name: 'Hopper', phone: null }, { as: access(turn) })],
  'DELETE /users/profile': [4, erase],
  'DELETE /users/profile/sessions': [5, (turn) => turn.app.delete('/users/profile/sessions', { as: access(turn) })],
  'DELETE /users/profile/sessions/{id}': [5, endSession],
  'POST /users': [3, (turn) => open(turn, '/users', mostly(turn, admin(turn)).token)],
  'PATCH /users/{id}': [8, (turn) => turn.app.patch(`/users/${passer(turn).id}`, change(turn), { as: mostly(turn, admin(turn)).token })],
  'DELETE /users/{id}': [2, (turn) => turn.app.delete(`/users/${passer(turn).id}`, { as: mostly(turn, admin(turn)).token })],
};

/** What readers do meanwhile: it writes views, and holds what is read against what the document says. */
export const readers: readonly ((turn: Turn) => Promise<Answer>)[] = [
  (turn) => turn.app.get(`/posts/${turn.chance.pick(turn.world.posts.slice(-8), { id: 1, author: anyone(turn) }).id}`),
  (turn) => turn.app.get('/cart', { as: anyone(turn).token }),
  (turn) => turn.app.get('/orders', { as: anyone(turn).token }),
  (turn) => turn.app.get(`/products/${turn.chance.pick(turn.world.products, 1)}`),
];
