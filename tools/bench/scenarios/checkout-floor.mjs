import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { behaviours } from '../load/behaviour.mjs';
import { pgbenchScript, withTypes } from '../replay/pgbench-script.mjs';
import { mintTokens, startApp } from '../systems/app.mjs';
import { root } from '../systems/places.mjs';

const recorder = pathToFileURL(join(root, 'tools/bench/replay/record-statements.mjs')).href;

const userOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

/** For every user a session whose id follows from the user's, so that each transaction of pgbench can look up its own. */
const openSessions = `
  INSERT INTO sessions (id, user_id, refresh_token_hash, expires_at)
  SELECT ('00000000-0000-4000-8000-' || lpad(id::text, 12, '0'))::uuid, id, sha256('bench'), now() + interval '1 day' FROM users`;

const sessionOf = `('00000000-0000-4000-8000-' || lpad((:user)::text, 12, '0'))::uuid`;

/** Goes through the steps of one turn and gives the answer to the last one, which is the order. */
async function act(url, steps) {
  let answer;
  for (const { method, path, headers, body } of steps) {
    const { statusCode, body: received } = await request(url + path, { method, headers, body });
    answer = await received.json();
    if (statusCode >= 300) throw new Error(`${method} ${path} answers ${statusCode} ${JSON.stringify(answer)}`);
  }
  return answer;
}

/**
 * One turn of the behaviour, done by a server that writes down its statements: these are what pgbench will issue. It is the second turn, in
 * which the server knows the customer's session if it keeps such things in mind. The order is of the last products for sale, whose ids are
 * no other number of the turn.
 */
async function recordTurn({ app, behaviour, world, token }) {
  const file = join(app.folder, 'statements');
  const stepsOf = (turn) =>
    behaviours[behaviour]({ ...world, tokens: [token] })({ random: () => 1 - 2 ** -32, seed: behaviour, worker: 0, workers: 1, turn });
  await act(app.url, stepsOf(1));
  writeFileSync(file, '');
  const steps = stepsOf(2);
  const order = await act(app.url, steps);
  const statements = readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
  return { statements, order, key: steps.at(-1).headers['idempotency-key'] };
}

function variablesOf({ order, key, token }) {
  const { sub, sid } = userOf(token);
  const products = order.items.map(({ product_id: id }) => id).toSorted((a, b) => a - b);
  return [
    { value: sub, expression: ':user' },
    { value: sid, expression: sessionOf },
    ...products.map((id, index) => ({ value: String(id), expression: `:product${index + 1}` })),
    { value: order.order_number, expression: `'TM-' || (:number)::text`, isText: true },
    { value: key, expression: `'bench-' || (:number)::text`, isText: true },
  ];
}

/** As `threeProducts` draws them, in ascending order; each client with users of its own. */
const settingsOf = ({ orderable, users, connections }) => [
  `number random(1, 9000000000000000000)`,
  `user 1 + :client_id * ${Math.floor(users / connections)} + random(0, ${Math.floor(users / connections) - 1})`,
  ...[0, 1, 2].map((lane) => `draw${lane} 3 * (random_zipfian(1, ${Math.floor(orderable / 3)}, 1.001) - 1) + ${lane + 1}`),
  'product1 least(:draw0, :draw1, :draw2)',
  'product3 greatest(:draw0, :draw1, :draw2)',
  'product2 :draw0 + :draw1 + :draw2 - :product1 - :product3',
];

/**
 * The floor of a check-out: the statements of one turn as a script for pgbench, which does nothing but send them. Works on the given copy,
 * in which the products are stocked up. `mode` is how the server's driver sends statements.
 */
export async function checkoutFloors({ copy, world, behaviours: names, connections, cleanup, env }) {
  const [{ count: users }] = await copy.query('SELECT count(*)::integer FROM users');
  const [token] = await mintTokens(copy, 1);
  const recording = await startApp({ database: copy, cleanup, env, nodeOptions: ['--import', recorder] });
  const floors = {};
  for (const behaviour of names) {
    const turn = await recordTurn({ app: recording, behaviour, world, token });
    const statements = [];
    for (const statement of turn.statements) statements.push(await withTypes(copy, statement));
    const settings = settingsOf({ orderable: world.orderable, users, connections });
    const script = join(recording.folder, `${behaviour}.sql`);
    writeFileSync(script, pgbenchScript({ statements, variables: variablesOf({ ...turn, token }), settings }));
    const mode = turn.statements.some(({ isNamed }) => isNamed) ? 'prepared' : 'extended';
    floors[behaviour] = { url: copy.url, file: script, mode, statements: statements.length };
  }
  await recording.stop();
  await copy.query(openSessions);
  return floors;
}
