import { pageOf } from './page.ts';
import { reportOf, textOf, type SummaryData } from './report.ts';
import { settings } from './settings.ts';

/** What a script leaves behind: a text for the terminal, the figures as JSON, and a page that needs nothing but itself. */
export function summaryOf(data: SummaryData, notes: readonly string[] = []): Record<string, string> {
  const report = reportOf(data, { run: settings.run, target: settings.target, notes });
  return {
    stdout: textOf(report),
    [`${settings.report}.json`]: `${JSON.stringify(report, undefined, 2)}\n`,
    [`${settings.report}.html`]: pageOf(report),
  };
}

export const handleSummary = (data: SummaryData): Record<string, string> => summaryOf(data);
