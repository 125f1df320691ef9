import { quoteName } from '../store/quote.js';
import { tallyDifference } from './checksum-mismatch.js';
import { sameTally, tally } from './checksum.js';
import { readManifests, requireManifest, type BackupManifest } from './manifest.js';
import { describeRelations } from './relations.js';
import { inTransaction } from './transaction.js';
import { columnNames } from './stored-table.js';
import type { Database, Watch } from './types.js';

export interface VerifyBackupOptions extends Watch {
  readonly backup: Database;
  readonly name: string;
}

export interface BackupVerification {
  readonly manifest: BackupManifest;
  /** a sentence for each table that is not what the manifest says; empty when the backup is sound */
  readonly damage: readonly { readonly table: string; readonly sentence: string }[];
}

/** All whole backups in the backup database, the newest first. */
export async function listBackups(backup: Database, signal: AbortSignal): Promise<BackupManifest[]> {
  return inTransaction(backup, 'snapshot', { signal }, readManifests);
}

/** Counts and sums the backup's own tables again, and tells every one that differs from its manifest. */
export async function verifyBackup(options: VerifyBackupOptions): Promise<BackupVerification> {
  const { backup, name, signal, progress } = options;
  return inTransaction(backup, 'snapshot', { signal }, async (stored) => {
    const manifest = await requireManifest(stored, name);
    const relations = await describeRelations(
      stored,
      name,
      manifest.tables.map((table) => table.table),
    );
    const damage: { table: string; sentence: string }[] = [];
    for (const [done, expected] of manifest.tables.entries()) {
      const { table, columns } = expected;
      progress({ doing: 'comparing', table, done, of: manifest.tables.length, bytes: 0 });
      const relation = relations.find((candidate) => candidate.table === table);
      const lost = columns.filter(({ name: column }) => !relation?.columns.some((c) => c.name === column));
      if (relation === undefined) {
        damage.push({ table, sentence: `Table ${table} is missing from backup ${name}.` });
        continue;
      }
      if (lost.length > 0) {
        const names = columnNames(lost).join(', ');
        damage.push({ table, sentence: `Table ${table} of backup ${name} has lost the columns ${names}.` });
        continue;
      }
      const found = await tally(stored, quoteName(name, table), columnNames(columns));
      if (!sameTally(expected, found))
        damage.push({
          table,
          sentence: `Table ${table} of backup ${name} ${tallyDifference(expected, found)}.`,
        });
    }
    return { manifest, damage };
  });
}
