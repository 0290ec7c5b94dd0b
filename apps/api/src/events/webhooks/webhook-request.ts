import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction, type Socket } from 'node:net';

export interface WebhookRequest {
  readonly url: URL;
  /** Where to connect; at least one. */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
}

/** What is read of an answer's body before the connection is cut; nothing of it is kept. */
const mostBodyBytes = 65_536;

const fixed =
  (addresses: readonly string[]): LookupFunction =>
  (_hostname, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family);
  };

/** The status that the receiver answers. Redirects are not followed. Rejects when the connection, or the whole, takes too long. */
export function postWebhook({ url, addresses, headers, body, connectTimeoutMs, timeoutMs }: WebhookRequest): Promise<number> {
  const isTls = url.protocol === 'https:';
  const send = isTls ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // A connection of its own: one that was kept open may be closed by the receiver just now, and count as its failure.
      agent: false,
      lookup: fixed(addresses),
    });
    const cut = (reason: string) => (): void => void request.destroy(new Error(reason));
    const whole = setTimeout(cut(`no answer within ${timeoutMs} ms`), timeoutMs);
    const connecting = setTimeout(cut(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs);
    request.on('socket', (socket: Socket) => socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(connecting)));
    request.on('response', (answer) => {
      resolve(answer.statusCode ?? 0);
      discard(answer);
    });
    request.on('error', reject);
    request.on('close', () => {
      clearTimeout(whole);
      clearTimeout(connecting);
      // After an answer or an error this changes nothing.
      reject(new Error('the connection closed without an answer'));
    });
    request.end(body);
  });
}

/** Lets the receiver finish, within the time and the size that it has. */
function discard(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) answer.destroy();
  });
  // Cut off: the status has come, and nothing else is wanted.
  answer.on('error', () => undefined);
}
