import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import { readMerged } from '../decisions.js';
import type { SourceChunk } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import { compileSource, type Step, type StepSource } from '../step.js';
import type { Decision } from '../survey/settle.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { rowAsText } from '../transform/row-text.js';
import { RowContext, type Fault, type Warning } from '../transform/types.js';
import { comparableId } from '../values/uuid.js';
import type { LegacyRow } from './read-legacy-row.js';
import type { TracedReferences } from './traced-references.js';

/** What the rules make of a legacy row now. */
export interface MadeRow {
  /** by legacy column, as text */
  readonly legacy: Readonly<Record<string, string | null>>;
  /** target columns in the order of the tuple */
  readonly columns: readonly string[];
  /** one tuple in binary form; undefined where the row has faults */
  readonly tuple: SourceChunk | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
}

/** What the survey decided about a row, and about others because of it. */
export interface RowDecisions {
  readonly own: Decision | undefined;
  /** of rows for which this one stays: in C order of their ids */
  readonly others: readonly Decision[];
}

export async function decisionsAbout(
  client: Client,
  { run }: Pick<RunRef, 'run'>,
  step: string,
  table: string,
  legacyId: string,
): Promise<RowDecisions> {
  const { rows } = await client.query<Decision>(
    `select source_table as table, legacy_id as "legacyId", kind, other_table as "otherTable", other_id as "otherId", rule
     from migration.decisions
     where run = $1 and step = $2
       and ((source_table = $3 and legacy_id = $4) or (other_table = $3 and other_id = $4))
     order by legacy_id collate "C"`,
    [run, step, table, legacyId],
  );
  const isOwn = (decision: Decision) => decision.table === table && decision.legacyId === legacyId;
  return { own: rows.find(isOwn), others: rows.filter((decision) => !isOwn(decision)) };
}

/** Puts one legacy row through the rules of its step, with the code that has moved it. */
export async function makeRow(parts: {
  readonly step: Step;
  readonly source: StepSource;
  readonly database: SourceDatabase;
  /** to the target, for look-ups */
  readonly client: Client;
  readonly references: TracedReferences;
  readonly decisions: RowDecisions;
  readonly legacyRow: LegacyRow;
  /** what the target's sequence gave to the row; undefined where its key is not generated, or it has none */
  readonly number: bigint | undefined;
  readonly signal: AbortSignal;
}): Promise<MadeRow> {
  const { step, source, database, client, references, decisions, legacyRow, signal } = parts;
  const { own, others } = decisions;
  const reminted = own?.kind === 'remint' ? [comparableId(own.legacyId)] : [];
  const transform = compileSource(step, source, {
    references: (name) => references.of(name),
    resolveOwn: true,
    decisions: { reminted: new Set(reminted) },
  });
  const merged = others.filter(({ kind }) => kind === 'merge').map(({ legacyId }) => legacyId);
  const documents = await readMerged(step, database, merged, signal);
  const context = new RowContext();
  context.nextGenerated = () => parts.number ?? 0n;
  const out = new TupleWriter(1 << 12);
  for (;;) {
    out.position = 0;
    context.attached = merged.flatMap((id) => documents.get(id) ?? []);
    const passes = transform.apply(legacyRow.row, context, out);
    if (references.wanting) {
      await references.load(client);
      continue;
    }
    return {
      legacy: rowAsText(legacyRow.row, source.table.columns),
      columns: transform.columns,
      tuple: passes
        ? { bytes: out.bytes.subarray(0, out.position), offsets: Int32Array.of(0, out.position), rows: 1 }
        : undefined,
      faults: [...context.faults],
      warnings: [...context.warnings],
    };
  }
}
