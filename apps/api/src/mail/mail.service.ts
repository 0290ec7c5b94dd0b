import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Mail } from './mail.js';
import type { MailTransport } from './mail.transport.js';

/** How long to wait before each further attempt. */
const pausesMs = [500, 5000, 30_000];
const concurrency = 2;
const mostWaiting = 1000;
/** How long a stop waits for mails that are on their way. */
const drainMs = 5000;

type Pause = (ms: number, stopped: AbortSignal) => Promise<unknown>;

/**
 * Sends mail beside the request: whoever asks is never kept waiting and never fails with the mail server. Two at a time, four attempts
 * each, a bounded queue. It is held in memory: what a crash or a dead mail server loses, a person asks for again.
 */
export class MailService implements OnApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly limit = pLimit(concurrency);
  private readonly underWay = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  // Made at start, so that what runs in it belongs to no request: not to its log lines, not to its tallies of statements.
  private readonly outside = new AsyncResource('techmart:mail');

  constructor(
    private readonly transport: MailTransport,
    private readonly pause: Pause = (ms, signal) => sleep(ms, undefined, { signal }),
  ) {}

  send(mail: Mail): void {
    this.sendLater(() => Promise.resolve(mail));
  }

  /** Writes the mail beside the request as well; it may turn out that there is none to send. Nothing of it shows in the answer. */
  sendLater(write: () => Promise<Mail | undefined>): void {
    if (this.limit.pendingCount >= mostWaiting) {
      this.logger.error('too many mails are waiting: one is dropped');
      return;
    }
    this.outside.runInAsyncScope(() => {
      const work = this.limit(() => this.writeAndDeliver(write)).finally(() => this.underWay.delete(work));
      this.underWay.add(work);
    });
  }

  /** Resolves when no mail is waiting or on its way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.race([this.idle(), sleep(drainMs, undefined, { ref: false })]);
    if (this.underWay.size > 0) this.logger.warn(`stopping with ${this.underWay.size} mails unsent`);
    this.stop.abort();
    this.limit.clearQueue();
    this.transport.close();
  }

  private async writeAndDeliver(write: () => Promise<Mail | undefined>): Promise<void> {
    try {
      const mail = await write();
      if (mail) await this.deliver(mail);
    } catch (error) {
      this.logger.error({ err: error }, 'a mail could not be sent');
    }
  }

  private async deliver(mail: Mail): Promise<void> {
    for (const pauseMs of pausesMs) {
      try {
        await this.transport.send(mail);
        return;
      } catch (error) {
        if (isFinal(error)) throw error;
        this.logger.warn({ err: error }, `a mail was not taken; next attempt in ${pauseMs} ms`);
        await this.pause(pauseMs, this.stop.signal);
      }
    }
    await this.transport.send(mail);
  }
}

/** The mail server refused for good (RFC 5321 section 4.2.1): trying again would only be refused again. */
const isFinal = (error: unknown): boolean => {
  const { responseCode } = (error ?? {}) as { responseCode?: number };
  return responseCode !== undefined && responseCode >= 500;
};
