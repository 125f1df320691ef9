import type { Entity } from '../../plan/model.js';
import { describeTarget, type TargetTable } from '../target/describe-target.js';
import { targetIdText, type Hit } from './find-hits.js';
import {
  insertedByTarget,
  mergedInto,
  rejectedByLegacy,
  type InsertedRow,
  type Place,
  type RejectedRow,
} from './find-rows.js';
import { decisionsAbout } from './make-row.js';
import {
  changedByOthers,
  readChunk,
  readDifferences,
  readPendingLinks,
  readWarnings,
} from './read-records.js';
import { readSource, type ReadSource, type TraceParts } from './read-source.js';
import { hasSourceChanged } from './source-changed.js';
import { compareTuple, readStandingRow } from './target-row.js';
import { countedColumns, tracedColumns } from './trace-columns.js';
import { tracedLinks } from './trace-links.js';
import { TracedReferences } from './traced-references.js';
import type { Change, RowName, TracedReject, TracedRow, TracedRun } from './types.js';

/** A row of an entity, whatever became of it. */
export async function traceHit(
  parts: TraceParts & { readonly signal: AbortSignal },
  hit: Exclude<Hit, { outcome: 'made' }>,
  run: TracedRun,
  otherRuns: readonly string[],
): Promise<TracedRow> {
  const { client, plan } = parts;
  const { entity, row } = hit;
  const asked: RowName = { table: row.sourceTable, id: row.legacyId };
  const target = await describeTarget(client, entity.table);
  if (!target) throw new Error(`the target has no table ${entity.table}`);

  const key = hit.outcome === 'rejected' ? null : hit.row.targetId;
  const host = await hostOf(parts, hit, target, run.run);
  const shown: RowName = host ? { table: host.sourceTable, id: host.legacyId } : asked;
  const place = placeOf(hit);
  const chunk = place && (await readChunk(client, place));
  const standing = key === null ? undefined : await readStandingRow(client, target, key);

  const references = new TracedReferences(plan, entity.step, {
    run: run.run,
    committedAt: host?.committedAt ?? null,
  });
  const read = await readSource(parts, entity, run, shown, {
    references,
    kind: (host && (await readChunk(client, host))?.kind) ?? 'key',
    number: generatedNumber(entity, host),
    signal: parts.signal,
  });
  const others = host && standing ? await changedByOthers(client, host, standing.xmin) : null;
  const pending = await readPendingLinks(client, {
    run: run.run,
    step: entity.step,
    table: shown.table,
    legacyId: shown.id,
  });
  const compared = await compare(parts, target, key, read, host, others, pending);
  const source = entity.sources.find(({ table }) => table === shown.table);
  const columns = source
    ? tracedColumns({
        target,
        source,
        sourceColumns: read.read?.source.table.columns.map(({ name }) => name),
        sourceKey: read.read?.source.table.key ?? source.key ?? [],
        made: read.read?.made,
        compared: compared.tuple,
        standing,
        counted: countedColumns({ plan, entity }),
        pending,
        change: compared.change,
      })
    : [];

  const decisions = await decisionsAbout(client, run, entity.step, asked.table, asked.id);
  const own = decisions.own?.kind === 'merge' ? undefined : decisions.own;
  const merges = key === null ? [] : await mergedInto(client, [run.run], entity.table, key);
  const ofRow = { run: run.run, step: entity.step, table: asked.table, legacyId: asked.id };
  return {
    outcome: hit.outcome,
    run,
    otherRuns,
    step: entity.step,
    legacy: asked,
    target:
      key === null
        ? null
        : {
            table: entity.table,
            id: targetIdText(target, key),
            present: standing !== undefined,
            changedByOthers: others,
          },
    merged: hit.outcome === 'merged' ? { rule: hit.row.rule, into: shown } : null,
    alsoIn: merges
      .filter(({ sourceTable, legacyId }) => sourceTable !== asked.table || legacyId !== asked.id)
      .map(({ sourceTable, legacyId, rule }) => ({ table: sourceTable, id: legacyId, rule })),
    decision: own ? { kind: own.kind, table: own.otherTable, id: own.otherId, rule: own.rule } : null,
    duplicates: decisions.others
      .filter(({ kind }) => kind === 'duplicate')
      .map(({ table, legacyId }) => ({ table, id: legacyId })),
    rejects: (await rejectedByLegacy(client, [run.run], entity.step, asked.table, asked.id)).map(rejectOf),
    neededBy: null,
    chunk,
    differences: await readDifferences(client, ofRow, key),
    warnings: await readWarnings(client, ofRow, place),
    links:
      hit.outcome === 'rejected' && read.state !== 'read'
        ? []
        : await tracedLinks(parts, run.run, entity.step, shown, columns, references),
    kept: host?.kept ?? null,
    source: { state: read.state, why: read.why, changed: compared.sourceChanged },
    faults: read.read?.made.faults ?? [],
    columns,
  };
}

/** The row that the target row was made of: the row itself, or the one that it became part of. */
async function hostOf(
  { client }: TraceParts,
  hit: Exclude<Hit, { outcome: 'made' }>,
  target: TargetTable,
  run: string,
): Promise<InsertedRow | undefined> {
  if (hit.outcome === 'migrated') return hit.row;
  if (hit.outcome === 'rejected') return undefined;
  const among = { runs: [run], step: hit.entity.step };
  const [host] = await insertedByTarget(client, among, target.keyKind, hit.row.targetId);
  return host;
}

function placeOf({ row }: Exclude<Hit, { outcome: 'made' }>): Place | null {
  const { run, step, sourceTable, range, chunk } = row;
  return range === null || chunk === null ? null : { run, step, sourceTable, range, chunk };
}

/** What the target's sequence gave to the row, where its key is such a number. */
function generatedNumber(entity: Entity, host: InsertedRow | undefined): bigint | undefined {
  const [key] = entity.key;
  const rule = entity.sources.find(({ table }) => table === host?.sourceTable)?.columns[key as string];
  return host && rule?.kind === 'generated' ? BigInt(host.targetId) : undefined;
}

interface Compared {
  readonly tuple: Awaited<ReturnType<typeof compareTuple>> | undefined;
  readonly change: Change;
  /** null: not looked at, since nothing differs */
  readonly sourceChanged: boolean | null;
}

/** Compares what the rules make now with what stands in the target and, where that differs, finds out which side changed. */
async function compare(
  { client, source, signal }: TraceParts & { readonly signal: AbortSignal },
  target: TargetTable,
  key: string | null,
  { read }: ReadSource,
  host: InsertedRow | undefined,
  others: boolean | null,
  pending: ReadonlySet<string>,
): Promise<Compared> {
  const nothing: Compared = { tuple: undefined, change: 'unexplained', sourceChanged: null };
  if (!read) return nothing;
  const { columns, tuple } = read.made;
  const compared = tuple && (await compareTuple(client, target, key, columns, tuple));
  const counted = countedColumns(read.step);
  const differs = [...(compared?.differing ?? [])].some(
    (column) => !counted.has(column) && !pending.has(column),
  );
  const wouldNotMove = tuple === undefined && host !== undefined;
  if (!host || source instanceof Error || !(differs || wouldNotMove)) return { ...nothing, tuple: compared };
  const changed = await hasSourceChanged(client, source, read.step, read.source, host, signal);
  return { tuple: compared, change: changeOf(others, changed), sourceChanged: changed };
}

function changeOf(others: boolean | null, source: boolean): Change {
  if (others === null) return 'unexplained';
  if (others) return source ? 'either' : 'by others';
  return source ? 'source changed' : 'neither';
}

function rejectOf({ code, codes, column, reason, at, resolvedAt, resolution }: RejectedRow): TracedReject {
  return { code, codes, column, reason, at, resolvedAt, resolution };
}
