import type { Client } from 'pg';
import { restoreBackup } from '../../backup/restore-backup.js';
import type { Database, Watch } from '../../backup/types.js';
import { MigrationError } from '../../contract/errors.js';
import type { RunRef } from '../../contract/outline.js';
import type { Plan } from '../../plan/model.js';
import { quoteTable } from '../../store/quote.js';
import { entitiesOfRun } from '../../store/run-entities.js';
import { inTransaction } from '../../store/transaction.js';
import { forgetRebuilt, rebuildObjects } from '../target/deferred-objects.js';
import { forgetStep } from './forget-step.js';
import { withRangesLocked } from './lock-ranges.js';
import { findOthersRowsIn } from './others-rows.js';

export interface RestoreOptions extends Watch {
  /** what others have written into these tables since the fingerprint goes; else the restore is refused for it */
  readonly othersToo: boolean;
}

/**
 * Makes the plan's tables what they were when the run's backup was made: rows and sequences in one transaction, then the
 * indexes and constraints that the run has taken off. What others have written into them since is gone then, and so must
 * be allowed. The run has nothing in the target any more. May be called again after any crash: it restores once more.
 *
 * Throws ERR_010 when the run has no backup, when that is damaged, when rows of other tables refer to rows that it does
 * not hold, or when others' rows would go unless `othersToo`; the target then is as it was.
 */
export async function restoreTarget(
  client: Client,
  databases: { readonly target: Database; readonly backup: Database | undefined },
  ref: RunRef,
  plan: Plan,
  options: RestoreOptions,
): Promise<void> {
  const { target, backup } = databases;
  const name = await backupOf(client, ref.run);
  if (!backup)
    throw new MigrationError('ERR_010', `No backup database is set, and ${name} is in it.`, {
      next: 'Set BACKUP_DATABASE_URL, start the worker again and retry.',
    });
  await withRangesLocked(client, ref.run, null, async () => {
    await restoreBackup({
      target,
      backup,
      name,
      tables: plan.schema.tables,
      ...options,
      beforeTruncate: async (transaction) => {
        if (!options.othersToo) await refuseOthersRows(transaction.client, ref.run, plan, name);
      },
      beforeCommit: async ({ client: restoring }) => {
        // The restored rows are not those of others, also when this is all that comes about before a crash.
        await restoring.query(
          'update migration.runs set fingerprint_xid = txid_current() + 1 where run = $1',
          [ref.run],
        );
      },
    }).catch((error: unknown) => {
      throw cannotRestore(error);
    });
    await inTransaction(client, async () => {
      for (const entity of await entitiesOfRun(client, ref.run, plan)) await forgetStep(client, ref, entity);
    });
    // Not before: rows that are gone now might break them.
    await rebuildObjects(client, ref.run, undefined, () => undefined);
    await forgetRebuilt(client, ref.run, undefined);
  });
  await client.query(`analyze ${plan.schema.tables.map(quoteTable).join(', ')}`);
}

async function backupOf(client: Client, run: string): Promise<string> {
  const { rows } = await client.query<{ backup: string | null }>(
    'select backup from migration.runs where run = $1',
    [run],
  );
  const name = rows[0]?.backup;
  if (!name)
    throw new MigrationError('ERR_010', `The run ${run} has no backup to restore.`, {
      next: 'Roll back without it (leave fromBackup out), or restore a backup of your own by hand.',
    });
  return name;
}

async function refuseOthersRows(client: Client, run: string, plan: Plan, backup: string): Promise<void> {
  const { rows, examples } = await findOthersRowsIn(client, run, plan.schema.tables);
  if (rows === 0) return;
  throw new MigrationError(
    'ERR_010',
    `${rows === 1 ? '1 row' : `${rows} rows`} that others have written since the fingerprint of the run would be gone after a restore of ${backup} (${examples.join(', ')}${rows > examples.length ? ', …' : ''}).`,
    {
      next: 'Keep a copy of these rows; rollback with fromBackup and confirmChanged takes them away all the same.',
      place: { server: 'target' },
    },
  );
}

/** A rollback that fails, whatever kept the backup from being restored; a lost connection is tried again. */
function cannotRestore(error: unknown): unknown {
  if (!(error instanceof MigrationError) || error.transient || error.code === 'ERR_010') return error;
  return new MigrationError('ERR_010', error.message, { next: error.next, place: error.place, cause: error });
}
