import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';

export const newSecret = (): string => prefix + randomBytes(32).toString('base64');

/** `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks writes secrets. */
export const secretPattern =
  /^whsec_(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4}(?:[A-Za-z0-9+/]{2}==)?)?$/;

interface Message {
  /** The same at each attempt: what receivers know a repetition by. */
  readonly id: string;
  /** When this attempt is made, in seconds since the epoch. */
  readonly timestampS: number;
  readonly body: string;
}

/** The headers of Standard Webhooks: HMAC-SHA256 over `<id>.<timestamp>.<body>`, in base64, under the version `v1`. */
export function signedHeaders({ id, timestampS, body }: Message, secret: string): Record<string, string> {
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': `v1,${signature}` };
}
