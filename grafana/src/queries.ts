/** What every query is narrowed by: the job, and the replicas that the reader chose. */
export const scope = 'job=~"$job", instance=~"$instance"';

/** The same, and the route templates that the reader chose. */
export const routes = `${scope}, route=~"$route"`;

const by = (labels: string): string => (labels === '' ? '' : ` by (${labels})`);

/** A second, of a counter, summed by labels. `matchers` narrow the scope. */
export const rate = (counter: string, labels = '', matchers = scope): string =>
  `sum${by(labels)} (rate(${counter}{${matchers}}[$__rate_interval]))`;

/** How much a counter grew within the interval of one point. */
export const increase = (counter: string, labels = '', matchers = scope): string =>
  `sum${by(labels)} (increase(${counter}{${matchers}}[$__rate_interval]))`;

/** A quantile of a histogram, from the buckets of all replicas. */
export const quantile = (ratio: number, histogram: string, labels = '', matchers = scope): string => {
  const all = labels === '' ? 'le' : `le, ${labels}`;
  return `histogram_quantile(${ratio}, sum by (${all}) (rate(${histogram}_bucket{${matchers}}[$__rate_interval])))`;
};

/** The mean of a histogram or of any pair of `_sum` and `_count`. */
export const mean = (histogram: string, labels = '', matchers = scope): string =>
  `${rate(`${histogram}_sum`, labels, matchers)} / ${rate(`${histogram}_count`, labels, matchers)}`;

/** Replicas that tell the same figure: the greatest, not the sum. */
export const most = (gauge: string, labels = '', matchers = scope): string => `max${by(labels)} (${gauge}{${matchers}})`;

export const total = (gauge: string, labels = '', matchers = scope): string => `sum${by(labels)} (${gauge}{${matchers}})`;

/** The share of the answers of a status class; 0, not nothing, when there was none of it. */
export const statusRatio = (statusClass: string, labels = '', matchers = scope): string => {
  const all = rate('http_requests_total', labels, matchers);
  return `(${rate('http_requests_total', labels, `${matchers}, status_class="${statusClass}"`)} or 0 * ${all}) / ${all}`;
};
