import type { ImportNote, ImportReport } from './import.dto.js';

const LISTED = 1000;
export type Outcome = 'created' | 'updated' | 'unchanged';

/** A report while it grows. Everything is counted, the first thousand errors and warnings are kept. */
export class ReportDraft {
  rows = 0;
  private readonly counts = { created: 0, updated: 0, unchanged: 0, failed: 0 };
  private readonly warnings: ImportNote[] = [];
  private readonly errors: ImportNote[] = [];
  private errorCount = 0;

  count(outcome: Outcome): void {
    this.counts[outcome] += 1;
  }

  warn(note: ImportNote): void {
    if (this.warnings.length < LISTED) this.warnings.push(note);
  }

  /** One product failed, for one reason or several. */
  fail(...notes: ImportNote[]): void {
    this.counts.failed += 1;
    this.errorCount += notes.length;
    this.errors.push(...notes.slice(0, LISTED - this.errors.length));
  }

  finish(about: Pick<ImportReport, 'dry_run' | 'format' | 'encoding' | 'delimiter'>): ImportReport {
    const { created, updated, unchanged, failed } = this.counts;
    return {
      ...about,
      rows: this.rows,
      products: created + updated + unchanged + failed,
      ...this.counts,
      warnings: this.warnings.toSorted(byLine),
      errors: this.errors.toSorted(byLine),
      errors_truncated: this.errorCount > this.errors.length,
    };
  }
}

/** Rows are checked as they are read, and written in batches: what a batch finds comes later. */
const byLine = (one: ImportNote, other: ImportNote): number => (one.line ?? 0) - (other.line ?? 0);
