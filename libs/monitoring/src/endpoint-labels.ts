export interface EndpointLabels {
  readonly method: string;
  readonly route: string;
}

/**
 * The labels that `http_requests_total` has too. `GET /products/:id` has both; what is not a method with a route (`background`,
 * `unmatched`) is a route without a method. A second word after the route (`POST /auth/login email`) is left out.
 */
export function endpointLabels(endpoint: string): EndpointLabels {
  const [first = '', route] = endpoint.split(' ');
  return route === undefined ? { method: '', route: first } : { method: first, route };
}
