import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Alert, Silence } from './alert.js';
import { isExceeded, type AlertRule } from './alert-rule.js';
import { ALERTING_OPTIONS, type AlertingOptions } from './alerting.options.js';
import type { Notifier } from './notifiers/notifier.js';

const keptHistory = 500;
const keptSilences = 100;

interface Outbound {
  /** The newest state of each alert that its receiver does not know yet. */
  readonly waiting: Map<number, Alert>;
  isSending: boolean;
  repeatedAt: number;
  failures: number;
}

/**
 * Evaluates rules on this process's own figures: pending, then firing when the condition has held for as long as its rule says, then
 * resolved. What a receiver could not be told is kept and told at the next evaluation. Everything is in memory and bounded; a restart
 * forgets acknowledgements and silences, and finds again within `forSeconds` what still is wrong.
 */
@Injectable()
export class AlertManager implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('AlertManager');
  private readonly active = new Map<string, Alert>();
  private readonly resolved: Alert[] = [];
  private readonly silenced = new Map<number, Silence>();
  private readonly outbound: Outbound[];
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;

  constructor(@Inject(ALERTING_OPTIONS) private readonly options: AlertingOptions) {
    this.outbound = options.notifiers.map(() => ({ waiting: new Map(), isSending: false, repeatedAt: 0, failures: 0 }));
  }

  onApplicationBootstrap(): void {
    const { intervalMs = 5000 } = this.options;
    if (intervalMs > 0) this.timer = setInterval(() => this.evaluate(), intervalMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Pending and firing ones, the most severe first. */
  alerts(): Alert[] {
    const weight = { critical: 2, warning: 1, info: 0 };
    return [...this.active.values()].toSorted((a, b) => weight[b.rule.severity] - weight[a.rule.severity] || a.since - b.since);
  }

  /** Those that fired and were resolved, newest first; 500 at most. */
  history(): Alert[] {
    return this.resolved.toReversed();
  }

  silences(): Silence[] {
    const now = this.options.clock.now();
    for (const { id, until } of this.silenced.values()) if (until <= now) this.silenced.delete(id);
    return [...this.silenced.values()];
  }

  /** Undefined: no such alert is active. Whoever acknowledges takes it on; it stays until it is resolved. */
  acknowledge(id: number, by: string, comment?: string): Alert | undefined {
    const alert = this.alerts().find((candidate) => candidate.id === id);
    if (!alert) return undefined;
    const acknowledged = { by, at: this.options.clock.now(), ...(comment === undefined ? {} : { comment }) };
    return this.replace({ ...alert, acknowledged });
  }

  /** Undefined: there is no such rule, or too many silences. */
  silence(given: Omit<Silence, 'id'>): Silence | undefined {
    const isKnown = this.options.rules.some(({ name }) => name === given.rule);
    if (!isKnown || this.silences().length >= keptSilences) return undefined;
    const silence = { ...given, id: (this.lastId += 1) };
    this.silenced.set(silence.id, silence);
    return silence;
  }

  /** False: there is no such silence. What it held back is told at the next evaluation, if it still fires. */
  endSilence(id: number): boolean {
    const silence = this.silenced.get(id);
    if (!silence) return false;
    this.silenced.delete(id);
    const alert = this.active.get(silence.rule);
    if (alert?.state === 'firing') this.tell(alert);
    return true;
  }

  /** How many attempts to notify have failed since the start, by receiver. */
  failures(): Record<string, number> {
    return Object.fromEntries(this.options.notifiers.map(({ name }, index) => [name, this.outbound[index]?.failures ?? 0]));
  }

  /** One look at all rules. Runs by itself; a figure that cannot be read fails no other. */
  evaluate(): void {
    const figures = this.readFigures();
    for (const rule of this.options.rules) this.evaluateRule(rule, figures[rule.figure]);
    this.options.notifiers.forEach((notifier, index) => {
      this.repeat(notifier, this.outbound[index]);
      void this.flush(index);
    });
  }

  private readFigures(): Readonly<Record<string, number | undefined>> {
    try {
      return this.options.figures();
    } catch (error) {
      this.logger.error({ err: error }, 'the figures could not be read');
      return {};
    }
  }

  private evaluateRule(rule: AlertRule, value: number | undefined): void {
    const now = this.options.clock.now();
    const alert = this.active.get(rule.name);
    if (value === undefined || Number.isNaN(value) || !isExceeded(rule, value)) return this.end(alert, value, now);
    const known: Alert = alert ? { ...alert, value } : { id: (this.lastId += 1), rule, state: 'pending', value, since: now };
    const isDue = known.state === 'pending' && now - known.since >= rule.forSeconds * 1000;
    this.replace(isDue ? { ...known, state: 'firing', firedAt: now } : known);
    if (isDue) this.tell(this.active.get(rule.name));
  }

  private end(alert: Alert | undefined, value: number | undefined, now: number): void {
    if (!alert) return;
    this.active.delete(alert.rule.name);
    if (alert.state !== 'firing') return;
    const isKnown = value !== undefined && !Number.isNaN(value);
    const ended: Alert = { ...alert, state: 'resolved', resolvedAt: now, ...(isKnown ? { value } : {}) };
    this.resolved.push(ended);
    if (this.resolved.length > keptHistory) this.resolved.shift();
    this.tell(ended);
  }

  private replace(alert: Alert): Alert {
    this.active.set(alert.rule.name, alert);
    return alert;
  }

  private isSilenced({ rule }: Alert): boolean {
    return this.silences().some((silence) => silence.rule === rule.name);
  }

  private repeat({ repeatMs }: Notifier, outbound: Outbound | undefined): void {
    const now = this.options.clock.now();
    if (repeatMs === undefined || !outbound || now - outbound.repeatedAt < repeatMs) return;
    outbound.repeatedAt = now;
    for (const alert of this.active.values()) {
      if (alert.state === 'firing' && !this.isSilenced(alert)) outbound.waiting.set(alert.id, alert);
    }
  }

  private tell(alert: Alert | undefined): void {
    if (!alert || this.isSilenced(alert)) return;
    for (const { waiting } of this.outbound) {
      waiting.set(alert.id, alert);
      // A receiver that is away for long loses the oldest.
      const [oldest] = waiting.keys();
      if (waiting.size > keptHistory && oldest !== undefined) waiting.delete(oldest);
    }
  }

  private async flush(index: number): Promise<void> {
    const notifier = this.options.notifiers[index];
    const outbound = this.outbound[index];
    if (!notifier || !outbound || outbound.isSending || outbound.waiting.size === 0) return;
    const batch = [...outbound.waiting.values()];
    outbound.isSending = true;
    try {
      await notifier.notify(batch);
      for (const alert of batch) if (outbound.waiting.get(alert.id) === alert) outbound.waiting.delete(alert.id);
    } catch (error) {
      outbound.failures += 1;
      this.logger.warn({ err: error, notifier: notifier.name }, 'alerts could not be sent; they are sent again');
    } finally {
      outbound.isSending = false;
    }
  }
}
