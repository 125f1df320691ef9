import type { Client } from 'pg';
import type { Entity } from '../../plan/model.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { comparableId, identityOf, isUuid, namespaceOf, uuidText } from '../values/uuid.js';
import {
  insertedByLegacy,
  insertedByTarget,
  madeParents,
  mergedByLegacy,
  rejectedByLegacy,
  type InsertedRow,
  type MadeParent,
  type MergedRow,
  type RejectedRow,
} from './find-rows.js';
import { splits } from './read-legacy-row.js';
import type { ParentRule, Scope } from './scope.js';

/** A row that answers to the name, in one run. */
export type Hit =
  | { readonly outcome: 'migrated'; readonly entity: Entity; readonly row: InsertedRow }
  | { readonly outcome: 'merged'; readonly entity: Entity; readonly row: MergedRow }
  | { readonly outcome: 'rejected'; readonly entity: Entity; readonly row: RejectedRow }
  | {
      readonly outcome: 'made';
      readonly parent: ParentRule;
      readonly row: MadeParent;
      readonly legacyId: string | null;
    };

/** The rows of the scope that have this id on either side, in these runs. */
export async function findHits(
  client: Client,
  runs: readonly string[],
  scope: Scope,
  id: string,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  for (const { entity, sources, legacyFirst } of scope.entities) {
    const target = await describeTarget(client, entity.table);
    if (!target) continue;
    const byLegacy: Hit[] = [];
    for (const source of sources)
      byLegacy.push(...(await hitsByLegacy(client, runs, entity, target, source.table, id)));
    hits.push(...byLegacy);
    if (legacyFirst && byLegacy.length > 0) continue;
    const tables = legacyFirst ? sources.map(({ table }) => table) : [undefined];
    for (const sourceTable of tables)
      for (const key of targetKeys(target, id))
        for (const row of await insertedByTarget(
          client,
          { runs, step: entity.step, sourceTable },
          target.keyKind,
          key,
        ))
          if (!hits.some((hit) => isSame(hit, row))) hits.push({ outcome: 'migrated', entity, row });
  }
  for (const parent of scope.parents) {
    // Several sources may make rows of one kind in one table.
    const [first] = await madeHits(client, runs, parent, id);
    if (first && !hits.some((hit) => hit.outcome === 'made' && hit.row.targetId === first.row.targetId))
      hits.push(...(await madeHits(client, runs, parent, id)));
  }
  return hits;
}

/** In each run: the row is in by itself, or as part of another one, or it was rejected. */
async function hitsByLegacy(
  client: Client,
  runs: readonly string[],
  entity: Entity,
  target: TargetTable,
  table: string,
  id: string,
): Promise<Hit[]> {
  const source = entity.sources.find((candidate) => candidate.table === table);
  if (!source) return [];
  const inserted = await insertedByLegacy(client, runs, entity, source, target.keyKind, id);
  const merged = await mergedByLegacy(client, runs, entity.step, table, id);
  const isIn = new Set([...inserted, ...merged].map(({ run }) => run));
  const rejected = new Map(
    (await rejectedByLegacy(client, runs, entity.step, table, id)).map((row) => [row.run, row]),
  );
  return [
    ...inserted.map((row): Hit => ({ outcome: 'migrated', entity, row })),
    ...merged.map((row): Hit => ({ outcome: 'merged', entity, row })),
    ...[...rejected.values()]
      .filter(({ run }) => !isIn.has(run))
      .map((row): Hit => ({ outcome: 'rejected', entity, row })),
  ];
}

async function madeHits(
  client: Client,
  runs: readonly string[],
  parent: ParentRule,
  id: string,
): Promise<Extract<Hit, { outcome: 'made' }>[]> {
  const named = uuidText(identityOf(namespaceOf(parent.namespace), id));
  const keys = isUuid(comparableId(id)) ? [comparableId(id)] : [named];
  const rows = await madeParents(client, runs, parent.ensures.table, keys);
  const legacyId = isUuid(comparableId(id)) ? null : id;
  return rows.map((row) => ({ outcome: 'made', parent, row, legacyId }));
}

function isSame(hit: Hit, { run, targetId }: InsertedRow): boolean {
  return hit.outcome === 'migrated' && hit.row.run === run && hit.row.targetId === targetId;
}

/** The keys, as the lineage has them, that an id of the target may stand for. */
export function targetKeys({ key, keyKind }: TargetTable, id: string): string[] {
  if (key.length > 1) return splits(id, key.length).map((parts) => JSON.stringify(parts));
  return [keyKind === 'uuid' ? comparableId(id) : id];
}

/** A key of the lineage as people write it: the parts of a composite one joined by `,`. */
export function targetIdText({ key }: Pick<TargetTable, 'key'>, lineageKey: string): string {
  if (key.length === 1) return lineageKey;
  const parts: unknown = JSON.parse(lineageKey);
  return Array.isArray(parts) ? parts.join(',') : lineageKey;
}
