import type { Client } from 'pg';
import { MigrationError } from '../../contract/errors.js';
import type { Entity, Plan } from '../../plan/model.js';
import { stepOfKind, type RangeKind } from '../retry/retry-range.js';
import type { SourceDatabase } from '../source/types.js';
import { openStep, type Step, type StepSource } from '../step.js';
import type { TransformSettings } from '../transform/types.js';
import { parseTimestamp } from '../values/timestamp.js';
import { decisionsAbout, makeRow, type MadeRow } from './make-row.js';
import { readLegacyRow } from './read-legacy-row.js';
import type { TracedReferences } from './traced-references.js';
import type { RowName, TracedRun, TracedSource } from './types.js';

/** How legacy values are read, as the configuration says it. */
export type Reading = Omit<TransformSettings, 'runStartMicros' | 'runStartIso' | 'coerceTypes'>;

/** The two databases, and what is the same for every row. */
export interface TraceParts {
  /** a connection to the target with the engine's session settings, used by nobody else meanwhile; nothing is written */
  readonly client: Client;
  /** or why the source cannot be asked */
  readonly source: SourceDatabase | MigrationError;
  readonly plan: Plan;
  readonly reading: Reading;
  readonly signal?: AbortSignal;
}

/** A legacy row as it is now, with what the rules make of it. */
export interface ReadSource {
  readonly state: TracedSource['state'];
  readonly why: string | null;
  /** what it was read with; undefined where it was not */
  readonly read?: { readonly step: Step; readonly source: StepSource; readonly made: MadeRow };
}

/** The step of a run, for its rules. Throws `MigrationError` where source, target and plan do not fit together. */
export async function stepOf(
  { client, source, plan, reading }: TraceParts,
  entity: Entity,
  run: Pick<TracedRun, 'run' | 'startedAt'>,
): Promise<{ step: Step; database: SourceDatabase }> {
  if (source instanceof MigrationError) throw source;
  // Written into documents as the run was told it, which is in milliseconds.
  const startedAt = new Date(run.startedAt).toISOString();
  const start = parseTimestamp(startedAt);
  if (start?.kind !== 'moment') throw new Error(`the run's start is no time: ${startedAt}`);
  const settings = { ...reading, runStartMicros: start.micros, runStartIso: startedAt };
  const ref = { run: run.run, plan: plan.name, startedAt };
  return { step: await openStep({ ref, plan, entity, settings }, source, client), database: source };
}

/** Reads a legacy row by its key and puts it through the rules. What stands against it is part of the answer. */
export async function readSource(
  parts: TraceParts,
  entity: Entity,
  run: TracedRun,
  legacy: RowName,
  how: {
    readonly references: TracedReferences;
    readonly kind: RangeKind;
    readonly number: bigint | undefined;
    readonly signal: AbortSignal;
  },
): Promise<ReadSource> {
  try {
    const { step: asMoved, database } = await stepOf(parts, entity, run);
    const step = stepOfKind(how.kind, asMoved);
    const source = step.sources.find(({ plan }) => plan.table === legacy.table);
    if (!source) return { state: 'unusable', why: `The plan reads no table ${legacy.table} any more.` };
    const legacyRow = await readLegacyRow(database, source, legacy.id, how.signal);
    if (!legacyRow) return { state: 'gone', why: `${legacy.table} has no row ${legacy.id} any more.` };
    const { client } = parts;
    const decisions = await decisionsAbout(client, run, entity.step, legacy.table, legacyRow.legacyId);
    const made = await makeRow({ ...how, step, source, database, client, decisions, legacyRow });
    return { state: 'read', why: null, read: { step, source, made } };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { state: error.code === 'ERR_002' ? 'unusable' : 'unreachable', why: error.message };
  }
}
