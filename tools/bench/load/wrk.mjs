import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../systems/places.mjs';
import { requireProgram } from '../systems/programs.mjs';
import { behaviours } from './behaviour.mjs';
import { seededRandom } from './random.mjs';

/** A step as it goes over the wire. */
export function rawRequest({ method, path, headers, body = '' }, host) {
  const all = { host, ...headers, ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** The requests that a behaviour makes, each after its length, as `wrk-requests.lua` reads them. */
export function writeRequests({ behaviour, world, seed, count, cleanup }) {
  const folder = mkdtempSync(join(tmpdir(), 'techmart-bench-wrk-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const act = behaviours[behaviour](world);
  const context = { random: seededRandom(seed), seed, worker: 0, workers: 1, turn: 0 };
  const parts = Array.from({ length: count }, () => {
    const request = rawRequest(act(context), 'bench');
    context.turn += 1;
    return `${Buffer.byteLength(request)}\n${request}`;
  });
  const file = join(folder, 'requests');
  writeFileSync(file, parts.join(''));
  return file;
}

/** As many requests as the server can answer to so many connections, each waiting for its answer: closed, and so no measure of latency. */
export async function runWrk({ url, requests, connections, seconds }) {
  const script = join(root, 'tools/bench/load/wrk-requests.lua');
  const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '30s', '-s', script, url, '--', requests];
  const { stdout } = await promisify(execFile)(requireProgram('wrk'), options);
  return parseWrk(stdout);
}

/** The line that `wrk-requests.lua` writes at the end. */
export function parseWrk(output) {
  const line = output.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk told no figures:\n${output}`);
  const { requests, micros, refused, broken } = JSON.parse(line);
  return { requests, seconds: micros / 1_000_000, perSecond: (requests * 1_000_000) / micros, errors: refused + broken };
}
