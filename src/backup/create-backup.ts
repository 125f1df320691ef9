import { quoteIdent, quoteName } from '../store/quote.js';
import { backupName, claimName } from './backup-name.js';
import { checksumMismatch } from './checksum-mismatch.js';
import { sameTally, tally } from './checksum.js';
import { copyRows } from './copy-rows.js';
import { databaseIdentity, sameDatabase } from './database-identity.js';
import {
  insertManifest,
  prepareRegistry,
  readManifests,
  type BackedUpTable,
  type BackupManifest,
  type DatabaseIdentity,
} from './manifest.js';
import { requireRelations, type Relation } from './relations.js';
import { inTransaction, type Transaction } from './transaction.js';
import {
  columnNames,
  copyList,
  createTableSql,
  formatFor,
  selectSql,
  sharedTypes,
  storedColumn,
} from './stored-table.js';
import type { Database, Watch } from './types.js';

export interface CreateBackupOptions extends Watch {
  readonly target: Database;
  readonly backup: Database;
  /** the schema of the tables in the target; `public` when left out */
  readonly schema?: string;
  readonly tables: readonly string[];
  /** instead of the name made of `now` */
  readonly name?: string;
  /** one value for all attempts of one run, and for no other run */
  readonly run: string;
  readonly now: Date;
}

/**
 * Copies the tables as of one instant into a schema of their own in the backup database, and compares counts and
 * checksums. Nothing in the target changes or waits.
 *
 * Everything in the backup database is one transaction: a half-made backup never exists for anybody, and one whose
 * maker was killed is gone without a trace. Called again for a run whose backup is whole, it returns that one if the
 * target still is what it holds, and makes a fresh one otherwise.
 *
 * Errors: ERR_002 for a missing table, ERR_008 for a full disk, ERR_009 when the copy differs, ERR_001 (transient)
 * for lost connections; the signal's reason when aborted.
 */
export async function createBackup(options: CreateBackupOptions): Promise<BackupManifest> {
  const { target, backup, signal, schema = 'public' } = options;
  const earlier = await inTransaction(backup, 'write', { signal }, async (store) => {
    await prepareRegistry(store);
    return (await readManifests(store)).find((manifest) => manifest.run === options.run);
  });
  return inTransaction(target, 'snapshot', { schema, signal }, async (source) => {
    const relations = await requireRelations(source, schema, options.tables);
    const database = await databaseIdentity(source);
    if (earlier !== undefined && (await stillHolds(earlier, database, schema, relations, source, options)))
      return earlier;

    return inTransaction(backup, 'write', { signal }, async (store) => {
      const name = await claimName(store, options.name ?? backupName(options.now));
      await store.query(`create schema ${quoteIdent(name)}`);
      const tables: BackedUpTable[] = [];
      for (const [done, relation] of relations.entries())
        tables.push(await copyTable(source, store, name, relation, { done, of: relations.length }, options));
      const { run, now } = options;
      const manifest: BackupManifest = { name, run, at: now.toISOString(), database, schema, tables };
      await insertManifest(store, manifest);
      return manifest;
    });
  });
}

async function copyTable(
  source: Transaction,
  store: Transaction,
  name: string,
  relation: Relation,
  position: { done: number; of: number },
  { signal, progress }: Watch,
): Promise<BackedUpTable> {
  const { table } = relation;
  const at = { table, ...position };
  const shared = await sharedTypes(store, relation.columns);
  const columns = relation.columns.map((column) => storedColumn(column, shared));
  const format = formatFor(relation.columns, columns);
  const names = columnNames(columns);

  progress({ doing: 'copying', ...at, bytes: 0 });
  await store.query(createTableSql(name, { table, columns }, 'logged'));
  const { bytes } = await copyRows(
    source,
    selectSql(relation.from, names),
    store,
    copyList(name, table, names),
    { format, signal, onBytes: (sofar) => progress({ doing: 'copying', ...at, bytes: sofar }) },
  );

  progress({ doing: 'comparing', ...at, bytes });
  const [original, copy] = await Promise.all([
    tally(source, relation.from, names),
    tally(store, quoteName(name, table), names),
  ]);
  if (!sameTally(original, copy))
    throw checksumMismatch(
      'The backup differs from the target',
      table,
      original,
      copy,
      'Nothing was kept of this backup. Try again; if it stays so, have both servers examined.',
    );
  return { table, ...copy, bytes, format, columns, sequences: [...relation.sequences] };
}

/** Whether the target's tables still are exactly what this backup holds. */
async function stillHolds(
  manifest: BackupManifest,
  database: DatabaseIdentity,
  schema: string,
  relations: readonly Relation[],
  source: Transaction,
  { progress }: Watch,
): Promise<boolean> {
  if (!sameDatabase(manifest.database, database) || manifest.schema !== schema) return false;
  if (manifest.tables.length !== relations.length) return false;
  for (const [done, relation] of relations.entries()) {
    const held = manifest.tables.find((candidate) => candidate.table === relation.table);
    if (held === undefined || columnsDiffer(held, relation) || sequencesDiffer(held, relation)) return false;
    progress({ doing: 'comparing', table: relation.table, done, of: relations.length, bytes: 0 });
    if (!sameTally(held, await tally(source, relation.from, columnNames(relation.columns)))) return false;
  }
  return true;
}

function columnsDiffer(held: BackedUpTable, relation: Relation): boolean {
  return shapeOf(held.columns) !== shapeOf(relation.columns);
}

function shapeOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return JSON.stringify(columns.map(({ name, type }) => [name, type]));
}

function sequencesDiffer(held: BackedUpTable, relation: Relation): boolean {
  return JSON.stringify(held.sequences) !== JSON.stringify(relation.sequences);
}
