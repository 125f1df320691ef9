import { compareFingerprints, fingerprint, type Fingerprint } from '../src/backup/fingerprint.js';
import { MigrationError } from '../src/contract/errors.js';
import { describeTarget } from '../src/engine/target/describe-target.js';
import { restoreSequences } from '../src/engine/undo/restore-sequences.js';
import { undoStep } from '../src/engine/undo/undo-step.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Undo = Pick<Activities, 'undoStep' | 'proveUndone'>;

/** The compensations, and the proof that the target is what it was. */
export function undoActivities(context: RunContext): Undo {
  return {
    undoStep: (ref) =>
      context.attempt(({ signal, progress }) =>
        context.withTarget(async (client) => {
          const entity = context.entity(ref);
          const target = await describeTarget(client, entity.table);
          if (!target)
            throw new MigrationError('ERR_010', `The target has no table ${entity.table} any more.`, {
              next: 'Restore the table from the backup of the run, then retry.',
            });
          const rows = await undoStep(client, ref, entity, target, {
            signal,
            progress: (done) => progress({ done, of: null }),
          });
          return { rows };
        }),
      ),

    proveUndone: (ref) =>
      context.attempt(({ signal, progress }) =>
        context.withTarget(async (client) => {
          const { rows } = await client.query<{ fingerprint: Fingerprint | null }>(
            'select fingerprint from migration.runs where run = $1',
            [ref.run],
          );
          const before = rows[0]?.fingerprint;
          // Without one nothing was written: the fingerprint is taken before the first step.
          if (!before) return;
          const left = await client.query<{ chunks: number }>(
            'select count(*)::int as chunks from migration.chunks where run = $1',
            [ref.run],
          );
          if (left.rows[0]?.chunks !== 0)
            throw new MigrationError('ERR_010', `Rows of the run ${ref.run} are still in the target.`, {
              next: 'Undo its steps first: start a run under another workflow id, which offers to do so.',
            });
          await restoreSequences(
            client,
            before.tables.flatMap((table) => (table.exists ? table.sequences : [])),
          );
          const now = await fingerprint({
            target: { label: 'target', config: context.clientConfig(context.config.target) },
            tables: before.tables.map(({ table }) => table),
            signal,
            progress: ({ done, of }) => progress({ done, of }),
          });
          const differences = compareFingerprints(before, now);
          if (differences.length > 0)
            throw new MigrationError(
              'ERR_010',
              `The rows of the run are gone, but the target is not what it was: ${differences.map(({ sentence }) => sentence).join(' ')}`,
              {
                next: 'See who else has written to these tables; then retry, or restore the backup of the run.',
              },
            );
        }),
      ),
  };
}
