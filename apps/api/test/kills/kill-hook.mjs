// Loaded into the program with --import, by a test: ends the process as `kill -9` does, before or after a statement of its choice.
// KILL_AT=before:place_order ends it when a statement that holds `place_order` is about to be sent, `after` when its result has come,
// before anybody has been told.
import { Client } from 'pg';

const [when, part] = (process.env.KILL_AT ?? '').split(':');
const die = () => process.kill(process.pid, 'SIGKILL');
const send = Client.prototype.query;

Client.prototype.query = function query(statement, ...rest) {
  const text = typeof statement === 'string' ? statement : (statement?.text ?? '');
  if (!part || !text.includes(part)) return send.call(this, statement, ...rest);
  if (when === 'before') die();
  const callback = rest.at(-1);
  if (typeof callback === 'function') return send.call(this, statement, ...rest.slice(0, -1), die);
  return send.call(this, statement, ...rest).then(die);
};
