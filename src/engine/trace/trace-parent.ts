import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { describeTarget } from '../target/describe-target.js';
import type { Hit } from './find-hits.js';
import { insertedByTarget } from './find-rows.js';
import { parentChangedByOthers } from './read-records.js';
import type { ParentRule } from './scope.js';
import { readStandingRow } from './target-row.js';
import { keyText } from './traced-references.js';
import type { RowName, TracedColumn, TracedNeed, TracedRow, TracedRun } from './types.js';

/** So many rows that needed a parent are named. */
const mostExamples = 5;

/** A parent that the run made: what it was made from, and for which rows. */
export async function traceParent(
  client: Client,
  hit: Extract<Hit, { outcome: 'made' }>,
  run: TracedRun,
  otherRuns: readonly string[],
): Promise<TracedRow> {
  const { parent, row, legacyId } = hit;
  const { table } = parent.ensures;
  const target = await describeTarget(client, table);
  const standing = target && (await readStandingRow(client, target, row.targetId));
  const columns: readonly TracedColumn[] = (target?.columns ?? []).map(({ name }) => ({
    column: name,
    rule: ruleOf(parent, name),
    from: [],
    expected: null,
    target: standing ? { value: standing.values.get(name) ?? null } : null,
    made: ruleOf(parent, name) === null ? 'not written' : 'constant',
    change: null,
  }));
  return {
    outcome: 'made',
    run,
    otherRuns,
    step: row.step,
    legacy: legacyId === null ? null : { table: parent.namespace, id: legacyId },
    target: {
      table,
      id: row.targetId,
      present: standing !== undefined,
      changedByOthers: standing
        ? await parentChangedByOthers(client, run.run, table, row.targetId, standing.xmin)
        : null,
    },
    merged: null,
    alsoIn: [],
    decision: null,
    duplicates: [],
    rejects: [],
    neededBy: await rowsInNeed(client, parent, row.targetId, run.run),
    chunk: null,
    differences: [],
    warnings: [],
    links: [],
    kept: null,
    source: { state: 'none', why: null, changed: null },
    faults: [],
    columns,
  };
}

function ruleOf({ ensures }: ParentRule, name: string): string | null {
  if (name === ensures.key) return 'a UUID stays, any other id becomes the UUIDv5 of its text';
  const rule = ensures.columns[name];
  if (rule === undefined) return null;
  if ('legacyId' in rule) return 'the legacy id';
  return 'runStart' in rule ? 'the start of the run' : `always ${String(rule.constant)}`;
}

async function rowsInNeed(
  client: Client,
  { entity, column }: ParentRule,
  key: string,
  run: string,
): Promise<TracedNeed | null> {
  const target = await describeTarget(client, entity.table);
  if (!target) return null;
  const { rows } = await client.query<{ rows: string; keys: string[] }>(
    `with t as materialized (select * from ${quoteTable(entity.table)} where ${quoteIdent(column)}::text = $1)
     select (select count(*) from t) as rows,
       array(select ${keyText(target)} from t order by 1 limit ${mostExamples}) as keys`,
    [key],
  );
  const examples: RowName[] = [];
  for (const each of rows[0]?.keys ?? [])
    for (const found of await insertedByTarget(
      client,
      { runs: [run], step: entity.step },
      target.keyKind,
      each,
    ))
      examples.push({ table: found.sourceTable, id: found.legacyId });
  return { step: entity.step, table: entity.table, column, rows: Number(rows[0]?.rows ?? 0), examples };
}
