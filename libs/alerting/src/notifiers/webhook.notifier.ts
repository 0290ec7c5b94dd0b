import type { Alert } from '../alert.js';
import { toPayload } from './alert-payload.js';
import type { Notifier } from './notifier.js';

const timeoutMs = 5000;

/** Rejects unless the receiver answers 2xx within five seconds. */
async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
}

/** Posts to a receiver of Alertmanager's webhooks: the shape is the same (version 4), so that one receiver serves both. */
export class WebhookNotifier implements Notifier {
  readonly name = 'webhook';

  constructor(
    private readonly url: string,
    private readonly labels: Readonly<Record<string, string>> = {},
  ) {}

  notify(alerts: readonly Alert[]): Promise<void> {
    const isFiring = alerts.some(({ state }) => state === 'firing');
    return post(this.url, {
      version: '4',
      status: isFiring ? 'firing' : 'resolved',
      alerts: alerts.map((alert) => ({ status: alert.state, ...toPayload(alert, this.labels) })),
    });
  }
}

/** Hands alerts to Alertmanager, which groups, routes and repeats them (`POST /api/v2/alerts`). */
export class AlertmanagerNotifier implements Notifier {
  readonly name = 'alertmanager';
  /** It takes what it has not heard of for five minutes (`resolve_timeout`) for resolved. */
  readonly repeatMs = 60_000;
  private readonly url: string;

  /** `url` is the server's address, without the path of its API. */
  constructor(
    url: string,
    private readonly labels: Readonly<Record<string, string>> = {},
  ) {
    this.url = new URL('api/v2/alerts', url.endsWith('/') ? url : `${url}/`).href;
  }

  notify(alerts: readonly Alert[]): Promise<void> {
    return post(
      this.url,
      alerts.map((alert) => toPayload(alert, this.labels)),
    );
  }
}
