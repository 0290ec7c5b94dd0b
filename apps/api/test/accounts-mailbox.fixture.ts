import { createServer, type Server, type Socket } from 'node:net';

export interface ReceivedMail {
  readonly to: string;
  /** The whole message, headers included, with its transfer encoding undone. */
  readonly text: string;
}

const decoded = (raw: string): string =>
  raw.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));

/** A mail server that takes every mail and keeps it. `refuse(n)` answers the next n mails with a passing failure. */
export class Mailbox {
  readonly mails: ReceivedMail[] = [];
  private readonly arrivals = new Set<() => void>();
  private refusals = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => this.serve(socket));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as { port: number };
    return `smtp://127.0.0.1:${port}`;
  }

  refuse(count: number): void {
    this.refusals = count;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The latest mail to the address whose text matches, as soon as it is there; fails after ten seconds. */
  async find(to: string, pattern: RegExp): Promise<ReceivedMail> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      const mail = this.mails.findLast((candidate) => candidate.to === to && pattern.test(candidate.text));
      if (mail) return mail;
      await new Promise<void>((resolve, reject) => {
        this.arrivals.add(resolve);
        deadline.addEventListener('abort', () => reject(new Error(`no mail to ${to} matches ${pattern}`)), { once: true });
      });
    }
  }

  /** The one-time token in the newest mail to the address that tells of such a link. */
  async tokenFor(to: string, pattern: RegExp): Promise<string> {
    const { text } = await this.find(to, pattern);
    const token = /[?&#]token=([\w.~-]+)/.exec(text)?.[1];
    if (token === undefined) throw new Error(`the mail holds no token: ${text}`);
    return token;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let received = '';
    let to = '';
    let isData = false;
    socket.write('220 mailbox\r\n');
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf(isData ? '\r\n.\r\n' : '\r\n'); end >= 0; end = received.indexOf(isData ? '\r\n.\r\n' : '\r\n')) {
        const part = received.slice(0, end);
        received = received.slice(end + (isData ? 5 : 2));
        if (isData) {
          isData = false;
          socket.write(this.take({ to, text: decoded(part) }));
        } else {
          to = /^RCPT TO:<(.+?)>/i.exec(part)?.[1] ?? to;
          isData = /^DATA/i.test(part);
          socket.write(isData ? '354 go on\r\n' : /^QUIT/i.test(part) ? '221 bye\r\n' : '250 ok\r\n');
        }
      }
    });
  }

  private take(mail: ReceivedMail): string {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return '451 try again\r\n';
    }
    this.mails.push(mail);
    const waiting = [...this.arrivals];
    this.arrivals.clear();
    for (const resolve of waiting) resolve();
    return '250 ok\r\n';
  }
}
