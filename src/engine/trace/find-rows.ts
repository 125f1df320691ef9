/** Finds rows in the run's own tables, without an index that the load would have to pay for. */
import type { Client } from 'pg';
import type { Entity, Source } from '../../plan/model.js';
import type { KeyKind } from '../target/key-array.js';
import { lineageColumn } from '../target/key-match.js';
import { comparableId, identityOf, isUuid, namespaceOf, uuidText, uuidV5 } from '../values/uuid.js';
import { trim } from '../values/text.js';
import { namespaceName } from './scope.js';

/** The chunk with which a row came, or was rejected. */
export interface Place {
  readonly run: string;
  readonly step: string;
  readonly sourceTable: string;
  readonly range: number;
  readonly chunk: number;
}

/** A row that a run inserted. */
export interface InsertedRow extends Place {
  /** the key as the lineage has it */
  readonly targetId: string;
  readonly legacyId: string;
  /** JSON text */
  readonly kept: string | null;
  /** when its chunk came in, and whether that chunk moved rows out of the quarantine */
  readonly committedAt: string;
  readonly retried: boolean;
}

/** A row that became part of another row's row. */
export interface MergedRow extends Omit<Place, 'range' | 'chunk'> {
  readonly range: number | null;
  readonly chunk: number | null;
  readonly targetId: string;
  readonly legacyId: string;
  readonly rule: string;
}

interface Among {
  readonly runs: readonly string[];
  readonly step: string;
  /** left out: rows of every legacy table */
  readonly sourceTable?: string | undefined;
}

const types: Readonly<Record<KeyKind, string>> = { uuid: 'uuid', bigint: 'bigint', text: 'text' };

/** The rows with this target key, one a run. Nothing where the text is no key of the kind. */
export async function insertedByTarget(
  client: Client,
  among: Among,
  kind: KeyKind,
  targetId: string,
): Promise<InsertedRow[]> {
  if (!isKeyOf(kind, targetId)) return [];
  return inserted(client, among, kind, `l.${lineageColumn[kind]}`, types[kind], targetId);
}

/** The rows of a legacy table with this id. */
export async function insertedByLegacy(
  client: Client,
  runs: readonly string[],
  entity: Entity,
  source: Source,
  kind: KeyKind,
  id: string,
): Promise<InsertedRow[]> {
  const among = { runs, step: entity.step, sourceTable: source.table };
  const keys = identitiesOf(entity, source, id);
  if (keys !== undefined) {
    const found: InsertedRow[] = [];
    for (const key of keys) found.push(...(await insertedByTarget(client, among, kind, key)));
    return found.filter((row) => comparableId(row.legacyId) === comparableId(id));
  }
  const found: InsertedRow[] = [];
  for (const text of spellings(id)) {
    found.push(...(await inserted(client, among, kind, 'l.legacy_keys', 'text', text)));
    if (isKeyOf(kind, text))
      found.push(
        ...(await inserted(
          client,
          among,
          kind,
          `case when l.legacy_keys is null then l.${lineageColumn[kind]} end`,
          types[kind],
          text,
        )),
      );
    if (found.length > 0) break;
  }
  return found;
}

/** The target keys that a legacy id may have led to where keys are identities; undefined where they are not. */
export function identitiesOf(entity: Entity, source: Source, id: string): string[] | undefined {
  const rule = source.columns[entity.key[0] as string];
  if (entity.key.length !== 1 || rule?.kind !== 'identity') return undefined;
  const namespace = namespaceOf(namespaceName(rule, source));
  const key = comparableId(id);
  // A UUID that another row has taken got one of its own.
  return [uuidText(identityOf(namespace, key)), ...(isUuid(key) ? [uuidText(uuidV5(namespace, key))] : [])];
}

/** How an id may be written in the run's own tables: as it was asked for, trimmed, and as UUIDs are printed. */
export function spellings(id: string): string[] {
  return [...new Set([id, trim(id), comparableId(id)])];
}

async function inserted(
  client: Client,
  { runs, step, sourceTable }: Among,
  kind: KeyKind,
  keys: string,
  type: string,
  key: string,
): Promise<InsertedRow[]> {
  const target = `l.${lineageColumn[kind]}[p.n]::text`;
  const { rows } = await client.query<InsertedRow>(
    `select l.run, l.step, l.source_table as "sourceTable", l.range, l.chunk, ${target} as "targetId",
       coalesce(l.legacy_keys[p.n], ${target}) as "legacyId", l.kept[p.n]::text as kept,
       ${iso('c.committed_at')} as "committedAt", r.kind <> 'key' as retried
     from migration.lineage l
     cross join lateral unnest(array_positions(${keys}, $4::${type})) p(n)
     join migration.chunks c using (run, step, source_table, range, chunk)
     join migration.ranges r using (run, step, source_table, range)
     where l.run = any($1) and l.step = $2 and ($3::text is null or l.source_table = $3)`,
    [runs, step, sourceTable ?? null, key],
  );
  return rows;
}

function isKeyOf(kind: KeyKind, text: string): boolean {
  if (kind === 'uuid') return isUuid(text);
  if (kind === 'text') return true;
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

const mergedColumns = `m.run, m.step, m.legacy_table as "sourceTable", m.range, m.chunk, m.target_id as "targetId",
  m.legacy_id as "legacyId", m.rule`;

export async function mergedByLegacy(
  client: Client,
  runs: readonly string[],
  step: string,
  table: string,
  id: string,
): Promise<MergedRow[]> {
  const { rows } = await client.query<MergedRow>(
    `select ${mergedColumns} from migration.merges m
     where m.run = any($1) and m.step = $2 and m.legacy_table = $3 and m.legacy_id = any($4)`,
    [runs, step, table, spellings(id)],
  );
  return rows;
}

/** The rows that became part of a target row. */
export async function mergedInto(
  client: Client,
  runs: readonly string[],
  table: string,
  targetId: string,
): Promise<MergedRow[]> {
  const { rows } = await client.query<MergedRow>(
    `select ${mergedColumns} from migration.merges m
     where m.run = any($1) and m.target_table = $2 and m.target_id = $3
     order by m.legacy_table, m.legacy_id collate "C"`,
    [runs, table, targetId],
  );
  return rows;
}

/** A row's place in the quarantine. */
export interface RejectedRow extends Place {
  readonly legacyId: string;
  readonly code: string;
  readonly codes: readonly string[];
  readonly column: string | null;
  readonly reason: string;
  readonly at: string;
  readonly resolvedAt: string | null;
  readonly resolution: string | null;
}

/** The row's places in the quarantine of runs that have not been rolled back, the oldest first. */
export async function rejectedByLegacy(
  client: Client,
  runs: readonly string[],
  step: string,
  table: string,
  id: string,
): Promise<RejectedRow[]> {
  const { rows } = await client.query<RejectedRow>(
    `select run, step, source_table as "sourceTable", range, chunk, legacy_id as "legacyId", code, codes,
       column_name as column, reason, ${iso('at')} as at, ${iso('resolved_at')} as "resolvedAt", resolution
     from migration.rejects
     where run = any($1) and step = $2 and legacy_table = $3 and legacy_id = any($4)
       and resolution is distinct from 'rolled back'
     order by id`,
    [runs, step, table, spellings(id)],
  );
  return rows;
}

/** A row that a run made because others needed it. */
export interface MadeParent {
  readonly run: string;
  readonly step: string;
  readonly targetId: string;
}

export async function madeParents(
  client: Client,
  runs: readonly string[],
  table: string,
  targetIds: readonly string[],
): Promise<MadeParent[]> {
  const { rows } = await client.query<MadeParent>(
    `select run, step, target_id as "targetId" from migration.ensured
     where run = any($1) and target_table = $2 and target_id = any($3)`,
    [runs, table, targetIds],
  );
  return rows;
}

/** SQL of a time as ISO text in UTC, with microseconds: such texts compare as the times do. */
export function iso(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
