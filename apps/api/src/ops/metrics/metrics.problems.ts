import { Problem } from '@app/common';

export const metricsForbidden = (): Problem =>
  new Problem(401, 'metrics-token-required', 'A metrics token is required', 'send METRICS_TOKEN as a bearer token', {
    headers: { 'www-authenticate': 'Bearer realm="metrics"' },
  });
