// Loaded into the program with --import, by a test: the row of a product takes up to SLOW_LOAD_MS longer to arrive than PostgreSQL needed, so
// that writes and invalidations fall into the middle of loads. What is read is as old as it was when PostgreSQL read it.
import { Client } from 'pg';

const longestMs = Number(process.env.SLOW_LOAD_MS ?? 0);
const send = Client.prototype.query;

Client.prototype.query = function query(statement, ...rest) {
  const text = typeof statement === 'string' ? statement : (statement?.text ?? '');
  if (!text.includes('WHERE p.id = $1 AND p.is_active')) return send.call(this, statement, ...rest);
  const later = (call) => setTimeout(() => call(), Math.random() * longestMs);
  const callback = rest.at(-1);
  if (typeof callback === 'function')
    return send.call(this, statement, ...rest.slice(0, -1), (...result) => later(() => callback(...result)));
  return send.call(this, statement, ...rest).then((result) => new Promise((resolve) => later(() => resolve(result))));
};
