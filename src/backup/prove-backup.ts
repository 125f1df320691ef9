import { quoteIdent, quoteName } from '../store/quote.js';
import { checksumMismatch } from './checksum-mismatch.js';
import { sameTally, tally } from './checksum.js';
import { copyRows } from './copy-rows.js';
import { requireManifest, type BackupManifest } from './manifest.js';
import { inTransaction, type Transaction } from './transaction.js';
import { columnNames, copyList, createTableSql, selectSql } from './stored-table.js';
import type { Database, Watch } from './types.js';

export interface ProveBackupOptions extends Watch {
  readonly backup: Database;
  readonly name: string;
}

/**
 * Restores every table of the backup into a scratch schema, compares counts and checksums with the manifest and
 * drops it again. Resolves with the manifest that was proved.
 *
 * The scratch schema lies in the backup database: the target serves the business, and a table's worth of disk and
 * writes there, only to be thrown away, could be what breaks it. So this proves that every row can be read back whole;
 * that the target's types take them was proved when they were written out of those types.
 *
 * Each table has a transaction of its own that never commits: nothing is left behind, whenever it is killed.
 *
 * Errors: ERR_002 for an unknown name, ERR_009 for a difference, and those of `createBackup`.
 */
export async function proveBackup(options: ProveBackupOptions): Promise<BackupManifest> {
  const { backup, name, signal } = options;
  return inTransaction(backup, 'snapshot', { signal }, async (stored) => {
    const manifest = await requireManifest(stored, name);
    for (const table of manifest.tables) await proveTable(stored, manifest, table, options);
    return manifest;
  });
}

async function proveTable(
  stored: Transaction,
  manifest: BackupManifest,
  table: BackupManifest['tables'][number],
  { backup, signal, progress }: ProveBackupOptions,
): Promise<void> {
  const at = { table: table.table, done: manifest.tables.indexOf(table), of: manifest.tables.length };
  const names = columnNames(table.columns);
  await inTransaction(backup, 'scratch', { signal }, async (scratch) => {
    // A name that no other proof has, also not one that runs at the same time.
    const [own] = await scratch.query<{ schema: string }>(
      `select 'migration_proof_' || txid_current()::text as schema`,
    );
    if (own === undefined) throw new Error('txid_current() returned no row');
    progress({ doing: 'copying', ...at, bytes: 0 });
    await scratch.query(`create schema ${quoteIdent(own.schema)}`);
    await scratch.query(createTableSql(own.schema, table, 'unlogged'));
    const { bytes } = await copyRows(
      stored,
      selectSql(quoteName(manifest.name, table.table), names),
      scratch,
      copyList(own.schema, table.table, names),
      {
        format: table.format,
        signal,
        onBytes: (sofar) => progress({ doing: 'copying', ...at, bytes: sofar }),
      },
    );
    progress({ doing: 'comparing', ...at, bytes });
    const restored = await tally(scratch, quoteName(own.schema, table.table), names);
    if (!sameTally(table, restored))
      throw checksumMismatch(
        `Backup ${manifest.name} does not restore to what it was made of`,
        table.table,
        table,
        restored,
        'Do not rely on this backup: create a new one, and have the backup server examined.',
      );
  });
}
