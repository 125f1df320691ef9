import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { Plan } from '../../plan/model.js';
import { databaseError } from '../../store/postgres-errors.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { parseTargetType } from '../transform/target-type.js';
import { valueFromText } from '../transform/target-value.js';
import { findHits, targetKeys, type Hit } from './find-hits.js';
import { iso } from './find-rows.js';
import { readLegacyRow } from './read-legacy-row.js';
import { stepOf, type TraceParts } from './read-source.js';
import { scopeOf, type Scope } from './scope.js';
import { readStandingRow } from './target-row.js';
import { traceHit } from './trace-hit.js';
import { traceParent } from './trace-parent.js';
import type { Trace, TracedRow, TracedRun, TraceQuery } from './types.js';

/** A run that the target does not know; the message names those that it does. */
export class UnknownRunError extends Error {
  override readonly name = 'UnknownRunError';
}

type Parts = TraceParts & { readonly signal: AbortSignal };

/**
 * Where a row came from or went, what became of each of its values, and why. The legacy row is read from the source and
 * put through the rules by the code that moved it, so that the answer is the truth and not a copy of it. All look-ups see
 * one moment of the target, and nothing is written on either side.
 *
 * Without a run, the latest one that has the row; runs that were rolled back have none. Where the source cannot be asked,
 * or the row is gone there, the answer says so and tells what the target's own tables know.
 *
 *     const trace = await traceRow({ client, source, plan, reading }, { table: 'orders', id: 'order-17' });
 *
 * Throws `UnknownNameError` for a table that the plan does not have, `UnknownRunError`, and `MigrationError` where the
 * target cannot be asked.
 */
export async function traceRow(parts: TraceParts, query: TraceQuery): Promise<Trace> {
  const { client } = parts;
  const scope = scopeOf(parts.plan, query.table);
  try {
    await client.query('begin transaction isolation level repeatable read, read only');
    try {
      return await answer({ ...parts, signal: parts.signal ?? new AbortController().signal }, scope, query);
    } finally {
      await client.query('rollback').catch(() => undefined);
    }
  } catch (error) {
    throw databaseError(error, 'target');
  }
}

async function answer(parts: Parts, scope: Scope, query: TraceQuery): Promise<Trace> {
  const { client, plan } = parts;
  const asked = { table: query.table, id: query.id, run: query.run ?? null };
  const runs = await runsOf(client, plan, query.run);
  const names = runs.map(({ run }) => run);
  const hits = await findHits(client, names, scope, query.id);
  const latest = runs.find(({ run }) => hits.some((hit) => hit.row.run === run));
  if (!latest) return { asked, rows: [], unknown: await whoElse(parts, scope, query.id) };
  const rows: TracedRow[] = [];
  for (const hit of hits.filter(({ row }) => row.run === latest.run)) {
    const otherRuns = names.filter(
      (name) => name !== latest.run && hits.some((other) => other.row.run === name && isSameRow(other, hit)),
    );
    rows.push(
      hit.outcome === 'made'
        ? await traceParent(client, hit, latest, otherRuns)
        : await traceHit(parts, hit, latest, otherRuns),
    );
  }
  return { asked, rows, unknown: null };
}

/** The same row of one side or the other in another run. */
function isSameRow(a: Hit, b: Hit): boolean {
  if (a.outcome === 'made' || b.outcome === 'made')
    return (
      a.outcome === b.outcome &&
      'targetId' in a.row &&
      'targetId' in b.row &&
      a.row.targetId === b.row.targetId
    );
  return a.row.sourceTable === b.row.sourceTable && a.row.legacyId === b.row.legacyId;
}

/** The runs of the plan, the latest first; or only the one that is named. */
async function runsOf(client: Client, plan: Plan, named: string | undefined): Promise<TracedRun[]> {
  const runs = (await recordedRuns(client)).filter((run) => run.plan === plan.name);
  if (named === undefined) return runs;
  const found = runs.filter(({ run }) => run === named);
  if (found.length === 0) throw unknownRun(named, runs);
  return found;
}

/** The runs that the target knows, the latest first. Throws ERR_002 where it has no records of runs at all. */
export async function recordedRuns(client: Client): Promise<TracedRun[]> {
  const records = await client.query<{ there: boolean }>(
    `select to_regclass('migration.runs') is not null as there`,
  );
  if (records.rows[0]?.there !== true)
    throw new MigrationError('ERR_002', 'The target has no records of a run: no run has written there yet.', {
      next: 'Check that DATABASE_URL names the target of your runs.',
      place: { server: 'target' },
    });
  const { rows } = await client.query<TracedRun>(
    `select run, name, plan, state, ${iso('started_at')} as "startedAt"
     from migration.runs order by started_at desc, run`,
  );
  return rows;
}

/** @param runs those that could have been meant */
export function unknownRun(named: string, runs: readonly TracedRun[]): UnknownRunError {
  const known = runs.map(({ run }) => run);
  return new UnknownRunError(
    known.length === 0
      ? `The target knows no run ${named}, and no other.`
      : `The target knows no run ${named}. It knows ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}.`,
  );
}

/** For the tables of a step whose rows are only looked up. */
const noRun = { run: '', startedAt: '2000-01-01T00:00:00Z' };

/** Tables that have a row of this id, although no run knows it. */
async function whoElse(parts: Parts, scope: Scope, id: string): Promise<NonNullable<Trace['unknown']>> {
  const { client, signal } = parts;
  const [inSource, inTarget] = [new Set<string>(), new Set<string>()];
  let sourceProblem: string | null = null;
  for (const { entity, sources } of scope.entities) {
    await noteStanding(client, entity.table, id, inTarget);
    try {
      const { step, database } = await stepOf(parts, entity, noRun);
      for (const source of step.sources)
        if (sources.includes(source.plan) && (await readLegacyRow(database, source, id, signal)))
          inSource.add(source.plan.table);
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      sourceProblem = error.message;
    }
  }
  for (const { ensures } of scope.parents) await noteStanding(client, ensures.table, id, inTarget);
  return { inSource: [...inSource], inTarget: [...inTarget], sourceProblem };
}

async function noteStanding(client: Client, table: string, id: string, into: Set<string>): Promise<void> {
  const target = await describeTarget(client, table);
  if (!target) return;
  for (const key of targetKeys(target, id))
    if (fitsKey(target, key) && (await readStandingRow(client, target, key))) into.add(table);
}

/** The server refuses to compare a key with a text that is no value of its type. */
function fitsKey({ key, columns }: TargetTable, lineageKey: string): boolean {
  const parts = key.length === 1 ? [lineageKey] : (JSON.parse(lineageKey) as string[]);
  return key.every((name, i) => {
    const type = parseTargetType(columns.find((column) => column.name === name)?.type ?? '');
    return type !== undefined && valueFromText(parts[i] ?? '', type) !== undefined;
  });
}
