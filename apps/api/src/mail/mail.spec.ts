import { currentRequest, newRequestContext, runInRequest } from '@app/common';
import { Logger } from '@nestjs/common';
import { writeMail, type Mail } from './mail.js';
import { MailService } from './mail.service.js';
import type { MailTransport } from './mail.transport.js';

const mail = writeMail({ to: 'ada@example.com', subject: 'Hello', before: ['Hello Ada,'], after: [] });

/** A mail server that answers each attempt with the next of its outcomes, and takes everything after them. */
class ScriptedTransport implements MailTransport {
  readonly taken: Mail[] = [];
  attempts = 0;

  constructor(private readonly outcomes: (Error | Promise<void>)[] = []) {}

  async send(given: Mail): Promise<void> {
    this.attempts += 1;
    const outcome = this.outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    await outcome;
    this.taken.push(given);
  }

  close(): void {}
}

function deferred() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(['error']));

describe('MailService', () => {
  it('tries again after a passing failure, each time later', async () => {
    const pauses: number[] = [];
    const transport = new ScriptedTransport([new Error('busy'), new Error('busy')]);
    const service = new MailService(transport, async (ms) => pauses.push(ms));
    service.send(mail);
    await service.idle();
    expect([transport.taken, pauses]).toEqual([[mail], [500, 5000]]);
  });

  it('gives up after four attempts, and goes on with the next mail', async () => {
    const transport = new ScriptedTransport(Array.from({ length: 4 }, () => new Error('down')));
    const service = new MailService(transport, () => Promise.resolve());
    service.send(mail);
    await service.idle();
    service.send({ ...mail, subject: 'Next' });
    await service.idle();
    expect([transport.attempts, transport.taken.map(({ subject }) => subject)]).toEqual([5, ['Next']]);
  });

  it('does not try again what was refused for good', async () => {
    const transport = new ScriptedTransport([Object.assign(new Error('no such user'), { responseCode: 550 })]);
    const service = new MailService(transport, () => Promise.resolve());
    service.send(mail);
    await service.idle();
    expect(transport.attempts).toBe(1);
  });

  it('drops what comes beyond two on their way and a thousand waiting', async () => {
    const gate = deferred();
    const transport = new ScriptedTransport([gate.promise, gate.promise]);
    const service = new MailService(transport);
    for (let n = 0; n < 1100; n += 1) service.send(mail);
    gate.resolve();
    await service.idle();
    expect(transport.taken).toHaveLength(1002);
  });

  it('writes outside the request that asked, and never fails it', async () => {
    const service = new MailService(new ScriptedTransport());
    let seen: unknown = 'not run';
    const ask = () => {
      service.sendLater(() => {
        seen = currentRequest();
        throw new Error('the database is away');
      });
    };
    expect(() => runInRequest(newRequestContext('r1', 0), ask)).not.toThrow();
    await service.idle();
    expect(seen).toBeUndefined();
  });

  it('sends none when there is none to send', async () => {
    const transport = new ScriptedTransport();
    const service = new MailService(transport);
    service.sendLater(() => Promise.resolve(undefined));
    await service.idle();
    expect(transport.attempts).toBe(0);
  });

  it('lets what is on its way arrive before it stops', async () => {
    const gate = deferred();
    const transport = new ScriptedTransport([gate.promise]);
    const service = new MailService(transport);
    service.send(mail);
    const stopped = service.onApplicationShutdown();
    gate.resolve();
    await stopped;
    expect(transport.taken).toEqual([mail]);
  });
});

describe('writeMail', () => {
  it('says the same as text and as HTML, and takes no markup from names', () => {
    const link = { label: 'Confirm', url: 'https://shop.example/verify-email?token=a&b=1' };
    const { text, html } = writeMail({ to: 'a@b.c', subject: 's', before: ['Hello <b>Ada</b>,'], link, after: ['Bye'] });
    expect(text).toBe('Hello <b>Ada</b>,\n\nConfirm:\nhttps://shop.example/verify-email?token=a&b=1\n\nBye\n');
    expect(html).toContain(
      '<p>Hello &lt;b&gt;Ada&lt;/b&gt;,</p><p><a href="https://shop.example/verify-email?token=a&amp;b=1">Confirm</a></p><p>Bye</p>',
    );
  });
});
