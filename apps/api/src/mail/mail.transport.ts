import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { Config } from '../config.js';
import type { Mail } from './mail.js';

/** Injects the way that mails leave. */
export const MAIL_TRANSPORT = Symbol('techmart:mail-transport');

export interface MailTransport {
  /** Resolves when the next hop has taken the mail. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

class SmtpTransport implements MailTransport {
  private readonly smtp;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    this.smtp = createTransport({
      url,
      pool: true,
      maxConnections: 2,
      connectionTimeout: 5000,
      greetingTimeout: 5000,
      socketTimeout: 10_000,
    });
  }

  async send(mail: Mail): Promise<void> {
    await this.smtp.sendMail({ from: this.from, ...mail });
  }

  close(): void {
    this.smtp.close();
  }
}

/** For development: the mail appears in the log, links and all. */
class LogTransport implements MailTransport {
  private readonly logger = new Logger('Mail');

  send({ to, subject, text }: Mail): Promise<void> {
    this.logger.log(`mail to ${to}: ${subject}\n${text}`);
    return Promise.resolve();
  }

  close(): void {}
}

/** For tests: the newest mails, kept to be looked at. */
export class MemoryOutbox implements MailTransport {
  readonly mails: Mail[] = [];

  send(mail: Mail): Promise<void> {
    this.mails.push(mail);
    if (this.mails.length > 1000) this.mails.shift();
    return Promise.resolve();
  }

  close(): void {}
}

export function createMailTransport({ mode, mail }: Pick<Config, 'mode' | 'mail'>): MailTransport {
  if (mail.smtpUrl !== undefined) return new SmtpTransport(mail.smtpUrl, mail.from);
  return mode === 'test' ? new MemoryOutbox() : new LogTransport();
}
