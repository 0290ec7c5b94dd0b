import { Client } from 'pg';
import type { InstrumentedClient } from './instrumented-client.js';

export interface PlanOptions {
  /** Executions of at least this many milliseconds send their plan. */
  readonly slowMs: number;
  /** 0 to 1: the share of executions that the server watches; the others cost nothing. */
  readonly sampleRate: number;
}

const settings = ({ slowMs, sampleRate }: PlanOptions): Readonly<Record<string, string>> => ({
  log_min_duration: String(Math.ceil(slowMs)),
  sample_rate: String(sampleRate),
  log_format: 'json',
  log_level: 'notice',
  log_analyze: 'on',
  // Rows and loops of each node tell enough; reading the clock twice per row and node would cost more than all the rest.
  log_timing: 'off',
  log_nested_statements: 'off',
});

/** One round trip that never fails: without the privilege, or the module, the session stays as it was. */
function enabling(options: PlanOptions): string {
  const sets = Object.entries(settings(options)).map(([name, value]) => `PERFORM set_config('auto_explain.${name}', '${value}', false);`);
  return `DO $$ BEGIN LOAD 'auto_explain'; ${sets.join(' ')} EXCEPTION WHEN OTHERS THEN NULL; END $$`;
}

/** The driver's own, below the instrumented one: no request issued this. */
const submitUntold = Client.prototype.query as unknown as (this: Client, text: string, done: () => void) => void;

const announced = /^duration: .*?plan:\s*/s;

/**
 * Has the server send the plan of each slow execution on the very connection that runs it (`auto_explain`, as a notice), so that no
 * statement runs twice to be explained. It sets the session, so it is not for a pooler that shares sessions. Not told as a query.
 */
export function requestPlans(client: InstrumentedClient, options: PlanOptions): Promise<void> {
  client.on('notice', ({ message = '' }) => {
    if (announced.test(message)) client.attachPlan(message.replace(announced, ''));
  });
  return new Promise((resolve) => {
    // A connection that is lost here fails with its first statement.
    submitUntold.call(client, enabling(options), () => resolve());
  });
}
