import { currentRequest } from '@app/common';
import { Recording } from './capture/recording.js';

const end = (recording: Recording, name: string, startedAt: number): void => recording.addSpan(name, startedAt, performance.now());

/**
 * Runs `work` as a span of the current request, and gives what it gives: a value, a promise, an error. Outside requests, and in those
 * that nothing has been recorded of, it only runs it. Costs two readings of the clock.
 */
export function timer<T>(name: string, work: () => T): T {
  const recording = currentRequest()?.recording;
  if (!(recording instanceof Recording)) return work();
  const startedAt = performance.now();
  let isPending = false;
  try {
    const result = work();
    if (result instanceof Promise) {
      isPending = true;
      return result.finally(() => end(recording, name, startedAt)) as T;
    }
    return result;
  } finally {
    if (!isPending) end(recording, name, startedAt);
  }
}

type Method = (...parameters: never[]) => unknown;

/** Makes a method a span of the requests that call it, named `Class.method` unless told otherwise. What decorators below it said stays. */
export function Profile(name?: string) {
  return <T extends Method>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>): void => {
    const method = descriptor.value;
    if (!method) throw new TypeError('@Profile() belongs on a method');
    const span = name ?? `${target.constructor.name}.${String(key)}`;
    const profiled = function (this: unknown, ...parameters: never[]): unknown {
      return timer(span, () => method.apply(this, parameters));
    };
    for (const metadata of Reflect.getMetadataKeys(method)) {
      Reflect.defineMetadata(metadata, Reflect.getMetadata(metadata, method), profiled);
    }
    Object.defineProperty(profiled, 'name', { value: method.name });
    descriptor.value = profiled as T;
  };
}
