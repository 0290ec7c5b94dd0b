// The built server in a process that switches its own profiler, slice of time by slice of time: nothing but the profiler differs between one
// and the next, not even where the compiler or the memory of a second process happened to put things. Told by its parent when to measure.
import { subscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from './places.mjs';

const { createApp } = await import(join(built, 'apps/api/src/app.js'));
const { loadConfig } = await import(join(built, 'apps/api/src/config.js'));
const { createLogger } = await import(join(built, 'apps/api/src/logger.js'));
const { Profiler } = await import(join(built, 'libs/profiling/src/index.js'));

const config = loadConfig();
const app = await createApp(config, config.database.url, createLogger(config));
await app.listen(0, '127.0.0.1');
const profiler = app.get(Profiler);

let finished = 0;
subscribe('techmart:request-finished', () => (finished += 1));

/** `undefined` is off. */
async function switchTo(sampleRate) {
  if (profiler.status().isRunning) await profiler.onApplicationShutdown();
  if (sampleRate === undefined) return;
  profiler.options.sampleRate = sampleRate;
  await profiler.onApplicationBootstrap();
}

/** Processor time and requests of a slice, which begins when what the switch itself costs is over. */
async function slice(sampleRate, { sliceMs, settleMs }) {
  await switchTo(sampleRate);
  await sleep(settleMs);
  const [before, counted] = [process.cpuUsage(), finished];
  await sleep(sliceMs);
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, requests: finished - counted };
}

/** In each turn every rate once, each time another one first. */
async function measure({ rates, rounds, ...timing }) {
  const slices = rates.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < rates.length; turn += 1) {
      const at = (round + turn) % rates.length;
      slices[at].push(await slice(rates[at], timing));
    }
  }
  return slices;
}

process.on('message', (plan) => void measure(plan).then((slices) => process.send(slices)));
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.send({ port: Number(new URL(await app.getUrl()).port) });
