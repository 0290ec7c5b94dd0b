import type { QueryRecord } from '../capture/recording.js';
import type { RequestProfile } from '../capture/request-profile.js';
import { shapeOf } from '../sql/statement-shape.js';
import type { Finding } from './finding.js';

interface Repetition {
  readonly queries: readonly QueryRecord[];
  readonly distinct: number;
  /** Reads that gave what an earlier one had given: same parameters, nothing written in between. */
  readonly repeated: readonly QueryRecord[];
}

/** Statements of one request by their fingerprint, those that control transactions apart. Only captured parameters can be compared. */
function repetitions(profile: RequestProfile): Repetition[] {
  const groups = new Map<string, { queries: QueryRecord[]; keys: Set<number>; fresh: Set<number>; repeated: QueryRecord[] }>();
  for (const query of profile.queries) {
    const { fingerprint, parameters } = query;
    if (fingerprint.kind === 'transaction' || !parameters) continue;
    // What is read after a write may be another answer to the same question.
    if (fingerprint.kind !== 'select') groups.forEach((group) => group.fresh.clear());
    const group = groups.get(fingerprint.id) ?? { queries: [], keys: new Set(), fresh: new Set(), repeated: [] };
    if (fingerprint.kind === 'select' && group.fresh.has(parameters.key)) group.repeated.push(query);
    group.queries.push(query);
    group.keys.add(parameters.key);
    group.fresh.add(parameters.key);
    groups.set(fingerprint.id, group);
  }
  return [...groups.values()].map(({ queries, keys, repeated }) => ({ queries, repeated, distinct: keys.size }));
}

const totalMs = (queries: readonly QueryRecord[]): number => queries.reduce((sum, { durationMs }) => sum + durationMs, 0);

/** Whether two of them were under way at the same time, as with `Promise.all`; waiting for a connection counts. */
const isConcurrent = (queries: readonly QueryRecord[]): boolean =>
  queries.some(({ at, durationMs }, index) => {
    const next = queries[index + 1];
    return next !== undefined && next.at - next.waitMs < at + durationMs;
  });

const siteOfRepeated = (queries: readonly QueryRecord[]): string | undefined =>
  queries.map(({ site }) => site).find((site) => typeof site === 'string');

/** The read that gave the rows which the others were asked for one by one: the last one before them that had several. */
function sourceOf(profile: RequestProfile, { queries: [first] }: Repetition): QueryRecord | undefined {
  if (!first) return undefined;
  return profile.queries.findLast(
    (query) =>
      query.fingerprint !== first.fingerprint &&
      query.fingerprint.kind === 'select' &&
      query.at + query.durationMs <= first.at &&
      query.rowCount > 1,
  );
}

function batchRemedy(repetition: Repetition, source: QueryRecord | undefined): string {
  const [first] = repetition.queries;
  const { tables, lookups } = shapeOf(first?.fingerprint.text ?? '');
  const table = tables[0] ?? 'the table';
  const count = repetition.queries.length;
  if (first?.fingerprint.kind === 'write') {
    return `Write to ${table} with one statement instead of ${count}: INSERT … SELECT or UPDATE … FROM unnest($1::…[], …).`;
  }
  const column = lookups[0] ?? 'id';
  const batch = `load all of them with one statement instead of ${count}: … FROM ${table} WHERE ${column} = ANY($1)`;
  if (!source) return `Collect the values first and ${batch}.`;
  const parent = shapeOf(source.fingerprint.text).tables[0] ?? 'the statement before';
  const where = typeof source.site === 'string' ? ` at ${source.site}` : '';
  return (
    `Join ${table} (ON ${table}.${column} = …) in the statement${where} that gave the ${source.rowCount} rows of ${parent}` +
    ` (TypeORM: relations or leftJoinAndSelect), or ${batch}.`
  );
}

function nPlusOne(profile: RequestProfile, repetition: Repetition): Finding | undefined {
  const { queries, distinct } = repetition;
  const [first] = queries;
  if (!first) return undefined;
  const { fingerprint } = first;
  const site = siteOfRepeated(queries);
  return {
    kind: 'n-plus-one',
    endpoint: profile.endpoint,
    title: `${queries.length} statements that differ in their values only`,
    fix: batchRemedy(repetition, sourceOf(profile, repetition)),
    statement: { id: fingerprint.id, text: fingerprint.text },
    ...(site === undefined ? {} : { site }),
    figures: { count: queries.length, distinct_parameters: distinct, total_ms: totalMs(queries), is_concurrent: isConcurrent(queries) },
  };
}

function duplicate(profile: RequestProfile, { queries, repeated }: Repetition): Finding | undefined {
  const [first] = repeated;
  if (!first) return undefined;
  const site = siteOfRepeated(repeated) ?? siteOfRepeated(queries);
  const { id, text } = first.fingerprint;
  return {
    kind: 'duplicate-query',
    endpoint: profile.endpoint,
    title: `A statement asked ${repeated.length} time${repeated.length === 1 ? '' : 's'} more for what was known already`,
    fix: 'Ask once and pass the answer on, or let both places read through a cache or loader that joins equal reads of a request.',
    statement: { id, text },
    ...(site === undefined ? {} : { site }),
    figures: { count: queries.length, repeated: repeated.length, wasted_ms: totalMs(repeated) },
  };
}

/**
 * N+1: one fingerprint at least `threshold` times with varying parameters, one after another or at once (a rule that asks for
 * sequence or for slow statements misses `Promise.all` and fast ones). Duplicate: a read with parameters that it had before, without
 * a write of the same request in between. Looks at the statements that the request kept, and only when parameters were captured.
 */
export function detectRepeatedQueries(profile: RequestProfile, threshold: number): Finding[] {
  if (profile.queries.length < 2) return [];
  return repetitions(profile).flatMap((repetition) => {
    const isNPlusOne = repetition.queries.length >= threshold && repetition.distinct > 1;
    return [isNPlusOne ? nPlusOne(profile, repetition) : undefined, duplicate(profile, repetition)].filter(
      (finding) => finding !== undefined,
    );
  });
}
