import { RawRow } from '../row.js';
import type { SourceDatabase } from '../source/types.js';
import { compileSource, type Step, type StepSource } from '../step.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { RowContext, type ReferenceIndex } from '../transform/types.js';

/** Tables up to this size are looked at whole; of larger ones, about as many rows. */
export const sampleRows = 100_000;

/** Before the move nothing can be referred to yet: every reference counts as one that will be found. */
function anyRowOf(step: Step, name: string): ReferenceIndex {
  const parent = step.plan.entities.find((entity) => entity.step === name);
  const rule = parent?.sources[0]?.columns[parent.key[0] as string];
  const found = { found: true, key: rule?.kind === 'identity' ? Buffer.alloc(16) : '0' } as const;
  return { byLegacyId: () => found, byCode: () => found };
}

/** How many rows pass every rule of their own, over the table or an even sample of it. */
export async function scoreRows(
  step: Step,
  source: StepSource,
  database: SourceDatabase,
  options: { signal: AbortSignal; progress: (rows: number) => void },
): Promise<{ rows: number; rejected: number }> {
  const transform = compileSource(step, source, { references: (name) => anyRowOf(step, name) });
  const total = await database.count(source.table);
  const row = new RawRow(source.table.columns.length);
  const context = new RowContext();
  context.nextGenerated = () => 0n;
  const scratch = new TupleWriter();
  let rows = 0;
  let rejected = 0;
  const chunks = database.read(source.table, {
    limit: { rows: 5_000, bytes: 4 << 20 },
    order: false,
    ...(total > sampleRows ? { share: sampleRows / total } : {}),
    signal: options.signal,
  });
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.rows; i++) {
      database.locate(chunk, i, row);
      scratch.position = 0;
      if (!transform.apply(row, context, scratch)) rejected++;
    }
    rows += chunk.rows;
    options.progress(rows);
  }
  return { rows, rejected };
}
