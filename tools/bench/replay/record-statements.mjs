// Preloaded into a server (`node --import`): writes each statement that it sends to PostgreSQL, with its parameters as the driver sends
// them, to the file `statements` in its data directory, one JSON object a line.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import utils from 'pg/lib/utils';

const file = join(process.env.DATA_DIR, 'statements');
const { query } = Client.prototype;

const asText = (value) => {
  const prepared = utils.prepareValue(value);
  return Buffer.isBuffer(prepared) ? `\\x${prepared.toString('hex')}` : prepared;
};

Client.prototype.query = function record(given, values, ...rest) {
  const { text = given, values: own, name } = typeof given === 'string' ? {} : (given ?? {});
  const parameters = (Array.isArray(values) ? values : (own ?? [])).map(asText);
  if (typeof text === 'string') appendFileSync(file, `${JSON.stringify({ text, parameters, isNamed: name !== undefined })}\n`);
  return query.call(this, given, values, ...rest);
};
