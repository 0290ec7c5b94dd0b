import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { defineChannel, listenerErrors } from './channels.js';

const nothing = (): void => undefined;

describe('a channel', () => {
  it('tells each listener once, in the order in which they came, until it stops', () => {
    const channel = defineChannel<number>('order');
    const told: string[] = [];
    const stops = ['a', 'b', 'c'].map((name) => channel.subscribe((fact) => told.push(`${name}${fact}`)));
    channel.publish(1);
    stops[1]?.();
    stops[1]?.();
    channel.publish(2);
    expect(told).toEqual(['a1', 'b1', 'c1', 'a2', 'c2']);
  });

  it('tells the others of a fact when one of them fails, and counts the failure', () => {
    const channel = defineChannel<number>('failure');
    const told: number[] = [];
    channel.subscribe(() => {
      throw new Error('mine');
    });
    channel.subscribe((fact) => told.push(fact));
    const before = listenerErrors();
    channel.publish(1);
    expect([told, listenerErrors() - before]).toEqual([[1], 1]);
  });

  it('tells all of them of a fact while which one stops', () => {
    const channel = defineChannel<number>('stopping');
    const told: string[] = [];
    const stop = channel.subscribe(() => {
      told.push('first');
      stop();
    });
    channel.subscribe(() => told.push('second'));
    channel.publish(1);
    channel.publish(2);
    expect(told).toEqual(['first', 'second', 'second']);
  });

  it('stops one listening of a listener that came twice', () => {
    const channel = defineChannel<number>('twice');
    let told = 0;
    const listener = (): void => void (told += 1);
    const stops = [channel.subscribe(listener), channel.subscribe(listener)];
    stops[0]?.();
    stops[0]?.();
    channel.publish(1);
    expect([told, channel.hasListeners]).toEqual([1, true]);
    stops[1]?.();
    expect(channel.hasListeners).toBe(false);
  });

  it('is one of Node, for listeners from outside', () => {
    const channel = defineChannel<number>('outside');
    const told: unknown[] = [];
    const listen = (fact: unknown): void => void told.push(fact);
    expect(channel.hasListeners).toBe(false);
    subscribe('techmart:outside', listen);
    channel.subscribe(nothing)();
    channel.publish(7);
    expect([told, channel.hasListeners]).toEqual([[7], true]);
    unsubscribe('techmart:outside', listen);
    expect(channel.hasListeners).toBe(false);
  });
});
