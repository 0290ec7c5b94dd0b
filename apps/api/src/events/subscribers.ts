import { Injectable } from '@nestjs/common';
import { matches, type EventMatching, type EventPattern, type StoredEvent } from './event-catalogue.js';

/** `signal` is aborted when the handler has taken too long: the event counts as failed, whatever it does from then on. */
export type EventHandler<Event> = (event: Event, signal: AbortSignal) => Promise<void> | void;

interface Subscription {
  readonly pattern: EventPattern;
  readonly handler: EventHandler<StoredEvent>;
}

/** Who, in this process, is told of events. */
@Injectable()
export class EventSubscribers {
  private readonly subscriptions: Subscription[] = [];

  /**
   * Called from `onModuleInit`. The handler runs in the one worker that dispatches, at least once for each event and in the order of
   * its aggregate. When it throws, all handlers of the event run again later, so a handler must bear repetition.
   */
  subscribe<Pattern extends EventPattern>(pattern: Pattern, handler: EventHandler<EventMatching<Pattern>>): void {
    this.subscriptions.push({ pattern, handler: handler as EventHandler<StoredEvent> });
  }

  /** Tells all of them at once. Rejects when one has failed, or when they take longer than `timeoutMs`. */
  async tell(event: StoredEvent, timeoutMs: number): Promise<void> {
    const handlers = this.subscriptions.filter(({ pattern }) => matches(pattern, event));
    if (handlers.length === 0) return;
    const deadline = startDeadline(timeoutMs);
    const all = Promise.allSettled(handlers.map(async ({ handler }) => handler(event, deadline.signal)));
    const outcomes = await Promise.race([all, deadline.passed]).finally(deadline.clear);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  }
}

function startDeadline(timeoutMs: number) {
  const controller = new AbortController();
  const passed = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error));
  });
  const timer = setTimeout(() => controller.abort(new Error(`a subscriber took longer than ${timeoutMs} ms`)), timeoutMs);
  return { signal: controller.signal, passed, clear: () => clearTimeout(timer) };
}
