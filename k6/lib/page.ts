import { formatNumber, type Report, type RouteFigures } from './report.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character);

const style = `
  :root { color-scheme: light dark; --line: #8884; --good: #2a9d57; --bad: #d64545; --bar: #4478c4; --tail: #a9c2e8; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  .verdict { font-weight: 600; } .met { color: var(--good); } .missed { color: var(--bad); }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; }
  dt { font-size: .85rem; opacity: .75; } dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
  .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; }
  td svg { display: block; }`;

const figure = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`;

const figuresOf = (report: Report): string =>
  [
    figure('requests', String(report.requests)),
    figure('a second', formatNumber(report.requestsPerSecond)),
    figure('errors', String(report.errors)),
    figure('429 limited', String(report.limited)),
    figure('503 shed', String(report.shed)),
    figure('409 conflicts', String(report.conflicts)),
    figure('not sent in time', String(report.dropped)),
    figure('from a cache', report.cacheHitRatio === undefined ? '–' : `${formatNumber(100 * report.cacheHitRatio)} %`),
    figure('most users at once', String(report.mostUsers)),
  ].join('');

/** Median, 95th and 99th percentile of a route on one scale: dark up to the median, light up to the 95th, a tick at the 99th. */
function bar({ route, p50Ms, p95Ms, p99Ms }: RouteFigures, most: number): string {
  if (p50Ms === undefined || p95Ms === undefined || p99Ms === undefined) return '';
  const x = (milliseconds: number) => formatNumber((200 * milliseconds) / most);
  return `<svg width="204" height="14" role="img" aria-label="${escape(route)}: half within ${formatNumber(p50Ms)} ms, 95 % within ${formatNumber(p95Ms)} ms">
    <rect width="${x(p95Ms)}" height="10" y="2" fill="var(--tail)"/><rect width="${x(p50Ms)}" height="10" y="2" fill="var(--bar)"/>
    <rect x="${x(p99Ms)}" width="2" height="14" fill="currentColor"/></svg>`;
}

function routeTable(routes: readonly RouteFigures[]): string {
  const most = Math.max(1, ...routes.map(({ p99Ms }) => p99Ms ?? 0));
  const rows = routes.map((row) => {
    const latencies = [row.meanMs, row.p50Ms, row.p95Ms, row.p99Ms, row.maxMs].map((value) => `<td>${formatNumber(value)}</td>`).join('');
    return `<tr><td>${escape(row.route)}</td><td>${row.requests}</td><td>${row.errors}</td>${latencies}<td>${bar(row, most)}</td></tr>`;
  });
  const names = ['route', 'requests', 'errors', 'mean ms', 'p50', 'p95', 'p99', 'most', 'p50 ■ p95 ■ p99 |'];
  return `<table><thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function goalTable({ goals }: Report): string {
  const rows = goals.map(
    ({ metric, rule, value, isMet }) =>
      `<tr><td>${escape(metric)}</td><td>${escape(rule)}</td><td>${formatNumber(value, 4)}</td><td class="${isMet ? 'met' : 'missed'}">${isMet ? 'met' : 'MISSED'}</td></tr>`,
  );
  const names = ['metric', 'threshold', 'measured', ''];
  return `<table><thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** A page by itself: no script, nothing from another place. */
export function pageOf(report: Report): string {
  const missed = report.goals.filter(({ isMet }) => !isMet).length;
  const verdict = missed === 0 ? 'All thresholds are met' : `${missed} of ${report.goals.length} thresholds are missed`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(report.run)}: ${verdict}</title><style>${style}
</style></head><body>
<h1>${escape(report.run)}</h1>
<p>${escape(report.target)}, ${formatNumber(report.seconds)} s</p>
<p class="verdict ${missed === 0 ? 'met' : 'missed'}">${verdict}</p>
${report.notes.map((note) => `<p>${escape(note)}</p>`).join('')}
<dl>${figuresOf(report)}</dl>
<h2>Routes</h2><p>Times are those of accepted answers, in milliseconds.</p><div class="scroll">${routeTable(report.routes)}</div>
<h2>Thresholds</h2><div class="scroll">${goalTable(report)}</div>
</body></html>
`;
}
