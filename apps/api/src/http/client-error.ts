import { Problem } from '@app/common';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

const problems: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'request-timeout', 'The request took too long', 'it did not arrive whole in time'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'headers-too-large', 'The headers are too large'),
};
const malformed = new Problem(400, 'malformed-request', 'The request is not valid HTTP');

/** The whole answer, head and body, to what never became a request. */
export function clientProblem(errorCode: string | undefined): string {
  const { type, title, status, detail } = problems[errorCode ?? ''] ?? malformed;
  const body = JSON.stringify({ type, title, status, detail, instance: '', request_id: randomUUID() });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
