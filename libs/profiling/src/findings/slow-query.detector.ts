import type { IndexAdvice } from '../plans/index-advice.js';
import type { Trial } from '../plans/hypothetical-index.js';
import { nodesOf, type PlanNode } from '../plans/plan.js';
import type { Fingerprint } from '../sql/fingerprints.js';
import type { Finding } from './finding.js';

/** An execution over the threshold. */
export interface SlowExecution {
  readonly fingerprint: Fingerprint;
  readonly endpoint: string;
  readonly requestId: string | undefined;
  readonly durationMs: number;
  readonly rowCount: number;
  readonly site: string | undefined;
  /** Of this very execution. */
  readonly plan: PlanNode | undefined;
}

/** The node that adds most to the plan's cost over what its children cost. */
function costliest(plan: PlanNode): PlanNode {
  const own = ({ totalCost, children }: PlanNode): number => totalCost - children.reduce((sum, child) => sum + child.totalCost, 0);
  return [...nodesOf(plan)].reduce((most, node) => (own(node) > own(most) ? node : most));
}

function remedy(plan: PlanNode | undefined, hasAdvice: boolean): string {
  if (!plan) return 'Look at its plan: a sampled execution brings one along, or EXPLAIN it with typical values.';
  if (hasAdvice) return 'Make the index that the missing-index finding of this statement names.';
  const { node, table, filter } = costliest(plan);
  const where = table === undefined ? '' : ` on ${table}`;
  const rows = filter === undefined ? '' : `, which checks ${filter} row by row`;
  return `Most of its cost is the ${node}${where}${rows}: read fewer rows there, or fewer columns, or keep the result.`;
}

export function slowQuery(execution: SlowExecution, thresholdMs: number, hasAdvice: boolean): Finding {
  const { fingerprint, endpoint, durationMs, rowCount, site, plan } = execution;
  return {
    kind: 'slow-query',
    endpoint,
    title: `A statement took ${Math.round(durationMs)} ms`,
    fix: remedy(plan, hasAdvice),
    statement: { id: fingerprint.id, text: fingerprint.text },
    ...(site === undefined ? {} : { site }),
    figures: { duration_ms: durationMs, threshold_ms: thresholdMs, rows: rowCount },
    ...(plan ? { plan } : {}),
  };
}

const factor = (before: number, after: number): string => (before / Math.max(after, 0.01)).toFixed(before / after < 10 ? 1 : 0);

/** Undefined when the planner, asked, would not use the index or gain less than a fifth by it. */
export function missingIndex(execution: SlowExecution, advice: IndexAdvice, trial: Trial): Finding | undefined {
  if (trial.isTried && (!trial.isUsed || trial.costAfter > trial.costBefore * 0.8)) return undefined;
  const outcome = trial.isTried
    ? `The planner would use it, and its cost falls from ${trial.costBefore} to ${trial.costAfter}, by a factor of ${factor(trial.costBefore, trial.costAfter)}.`
    : `Not tried: ${trial.reason}.`;
  const { fingerprint, endpoint, site } = execution;
  return {
    kind: 'missing-index',
    endpoint,
    title: advice.reason,
    fix: `Make this index. ${outcome}`,
    sql: advice.sql,
    statement: { id: fingerprint.id, text: fingerprint.text },
    ...(site === undefined ? {} : { site }),
    figures: {
      scanned_rows: advice.scannedRows,
      found_rows: advice.foundRows,
      is_tried: trial.isTried,
      ...(trial.isTried ? { cost_before: trial.costBefore, cost_after: trial.costAfter } : {}),
    },
  };
}
