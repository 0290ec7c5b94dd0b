import type { Clock } from '@app/common';
import { missingIndex, slowQuery, type SlowExecution } from '../findings/slow-query.detector.js';
import type { Findings } from '../findings/findings.js';
import type { ProfilingOptions } from '../profiling.options.js';
import { explain, hasIndexLike, tableSizes, type Statement } from './explain.js';
import { tryIndex, type Trial } from './hypothetical-index.js';
import { adviseIndexes, type IndexAdvice } from './index-advice.js';
import type { PlanNode } from './plan.js';
import { withSession, type SqlSession } from './sql-session.js';

/** A statement's plan is looked at once in this time. */
const restMs = 600_000;
const mostWaiting = 20;
const mostRemembered = 1000;

interface Case {
  readonly execution: SlowExecution;
  /** With its values, so it is kept only until it has been looked at. */
  readonly statement: Statement;
}

type Options = Pick<ProfilingOptions, 'openSession' | 'slowQueryMs'>;

/**
 * Looks at slow executions one at a time, in the background, on a session of its own: takes the plan that came with the execution, or
 * asks for one without executing; words the missing index; tries it. At most one statement at once, each at most once in ten minutes.
 */
export class PlanExaminer {
  private readonly waiting: Case[] = [];
  private readonly seenAt = new Map<string, number>();
  private running: Promise<void> | undefined;
  /** What could not be looked at: the database was away, or refused. */
  failures = 0;

  constructor(
    private readonly options: Options,
    private readonly findings: Findings,
    private readonly clock: Clock,
  ) {}

  /** Records the slow execution at once; `statement` is given when its plan may be looked at as well. */
  offer(execution: SlowExecution, statement: Statement | undefined): void {
    const hasAdvice = execution.plan !== undefined && adviseIndexes(execution.plan).length > 0;
    this.findings.add(slowQuery(execution, this.options.slowQueryMs, hasAdvice), this.clock.now(), execution.requestId);
    if (!statement || !isPlannable(execution) || !this.isDue(execution.fingerprint.id)) return;
    this.waiting.push({ execution, statement });
    this.running ??= this.work().finally(() => (this.running = undefined));
  }

  /** When everything that was offered has been looked at. */
  async settle(): Promise<void> {
    while (this.running) await this.running;
  }

  private isDue(id: string): boolean {
    const now = this.clock.monotonic();
    if (now - (this.seenAt.get(id) ?? -Infinity) < restMs || this.waiting.length >= mostWaiting) return false;
    if (this.seenAt.size >= mostRemembered) this.seenAt.clear();
    this.seenAt.set(id, now);
    return true;
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      try {
        await this.examine(next);
      } catch {
        // The request was answered long ago; whoever reads the findings sees that some are missing.
        this.failures += 1;
      }
    }
  }

  private async examine({ execution, statement }: Case): Promise<void> {
    const { openSession } = this.options;
    if (openSession) return withSession(openSession, (session) => this.examineIn(session, execution, statement));
    const trial: Trial = { isTried: false, reason: 'the profiler was given no session to try it in' };
    for (const advice of execution.plan ? adviseIndexes(execution.plan) : []) this.report(execution, advice, trial);
  }

  private async examineIn(session: SqlSession, execution: SlowExecution, statement: Statement): Promise<void> {
    const plan: PlanNode | undefined = execution.plan ?? (await explain(session, statement));
    if (!plan) return;
    const advice = adviseIndexes(plan, await tableSizes(session, plan));
    if (!execution.plan) this.findings.replan(slowQuery({ ...execution, plan }, this.options.slowQueryMs, advice.length > 0));
    for (const one of advice) {
      if (await hasIndexLike(session, one.table, one.sql)) continue;
      this.report(execution, one, await tryIndex(session, one, statement));
    }
  }

  private report(execution: SlowExecution, advice: IndexAdvice, trial: Trial): void {
    const finding = missingIndex(execution, advice, trial);
    if (finding) this.findings.add(finding, this.clock.now(), execution.requestId);
  }
}

const isPlannable = ({ fingerprint: { kind } }: SlowExecution): boolean => kind === 'select' || kind === 'write';
