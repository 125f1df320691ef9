import type { Client } from 'pg';
import type { RunRef } from '../contract/outline.js';
import type { DocumentField, Source } from '../plan/model.js';
import { RawRow } from './row.js';
import type { SourceDatabase } from './source/types.js';
import type { Step, StepSource } from './step.js';
import type { Decision } from './survey/settle.js';
import { rowDocument } from './transform/row-text.js';
import { keyTextOf } from './values/key-text.js';

/** What the survey decided about the rows of one legacy table. */
export interface SourceDecisions {
  /** by legacy id: what happens to the row itself */
  readonly own: ReadonlyMap<string, Decision>;
  /** by legacy id: rows of the other table that become part of this row, in C order of their ids */
  readonly merged: ReadonlyMap<string, readonly string[]>;
}

export async function loadDecisions(
  client: Client,
  ref: RunRef,
  step: string,
  table: string,
): Promise<SourceDecisions> {
  const { rows } = await client.query<Decision>(
    `select source_table as table, legacy_id as "legacyId", kind, other_table as "otherTable", other_id as "otherId", rule
     from migration.decisions
     where run = $1 and step = $2 and (source_table = $3 or (other_table = $3 and kind = 'merge'))
     order by legacy_id collate "C"`,
    [ref.run, step, table],
  );
  const own = new Map<string, Decision>();
  const merged = new Map<string, string[]>();
  for (const decision of rows) {
    if (decision.table === table) own.set(decision.legacyId, decision);
    if (decision.kind === 'merge' && decision.otherTable === table)
      merged.set(decision.otherId, [...(merged.get(decision.otherId) ?? []), decision.legacyId]);
  }
  return { own, merged };
}

export async function saveDecisions(
  client: Client,
  ref: RunRef,
  step: string,
  decisions: readonly Decision[],
): Promise<void> {
  const column = (name: keyof Decision) => decisions.map((decision) => decision[name]);
  await client.query(
    `insert into migration.decisions (run, step, source_table, legacy_id, kind, other_table, other_id, rule)
     select $1, $2, d.* from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) d`,
    [ref.run, step, ...(['table', 'legacyId', 'kind', 'otherTable', 'otherId', 'rule'] as const).map(column)],
  );
}

/** Reads whole rows that are merged into others, as JSON documents by legacy id. */
export async function readMerged(
  step: Step,
  database: SourceDatabase,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  const from = step.sources.find((source) => source.plan.table === step.entity.consolidation?.from);
  if (!from || ids.length === 0) return documents;
  const row = new RawRow(from.table.columns.length);
  const write = rowDocument(from.table.columns, jsonColumns(from.plan));
  const key = keyReader(from);
  const chunk = await database.lookup(
    from.table,
    ids.map((id) => [id]),
    signal,
  );
  for (let i = 0; i < chunk.rows; i++) {
    database.locate(chunk, i, row);
    documents.set(key(row).join(','), write(row));
  }
  return documents;
}

/** The legacy columns that hold JSON by the rules of the plan, whatever their type. */
function jsonColumns({ columns }: Source): ReadonlySet<string> {
  const inFields = (fields: Readonly<Record<string, DocumentField>>): string[] =>
    Object.values(fields).flatMap((field) => {
      if ('fields' in field) return inFields(field.fields);
      return 'from' in field && field.as === 'json' ? [field.from].flat() : [];
    });
  return new Set(
    Object.values(columns).flatMap((rule) => {
      if (rule.kind === 'json') return [rule.from].flat();
      return rule.kind === 'document' ? inFields(rule.fields) : [];
    }),
  );
}

/** The legacy key of a row as texts, in the order of the key columns. */
export function keyReader({ table }: StepSource): (row: RawRow) => string[] {
  const readers = table.key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`${table.name} has no column ${name}`);
    return keyTextOf(column);
  });
  return (row) => readers.map((read) => read(row) ?? '');
}
