import { MigrationError } from '../contract/errors.js';
import { quoteName } from '../store/quote.js';
import { checksumMismatch } from './checksum-mismatch.js';
import { sameTally, tally } from './checksum.js';
import { copyRows } from './copy-rows.js';
import { addressOf, databaseIdentity, sameDatabase } from './database-identity.js';
import {
  addForeignKey,
  countOrphans,
  dropForeignKey,
  foreignKeysOf,
  type ForeignKey,
} from './foreign-keys.js';
import { requireManifest, type BackedUpTable, type BackupManifest } from './manifest.js';
import { requireRelations, type Relation, type SequenceState } from './relations.js';
import { inTransaction, type Transaction } from './transaction.js';
import { columnNames, copyList, selectSql } from './stored-table.js';
import { disableTriggers, enableTriggers } from './triggers.js';
import type { Database, Watch } from './types.js';

export interface RestoreBackupOptions extends Watch {
  readonly target: Database;
  readonly backup: Database;
  readonly name: string;
  /** all tables of the backup when left out */
  readonly tables?: readonly string[];
  /** restore into a database that the backup was not made of, such as its replacement; refused otherwise */
  readonly intoOtherDatabase?: boolean;
  /** called in the transaction on the target, with the tables locked and as they are; what it throws ends the restore */
  readonly beforeTruncate?: (transaction: Transaction) => Promise<void>;
  /** called in the transaction on the target when all is restored: what it writes is there when the restore is */
  readonly beforeCommit?: (transaction: Transaction) => Promise<void>;
}

/**
 * Makes the tables what they were when the backup was made: rows and sequences, in one transaction on the target that
 * commits only when counts and checksums are those of the manifest. Others see the tables as they are until then, and
 * wait for them from the first moment on.
 *
 * Rows of other tables are not touched. Foreign keys are made anew as they were and checked; users' triggers do not
 * fire. The target's user must own the tables, and those that have foreign keys to them.
 *
 * Errors, all leaving the target as it is: ERR_002 for an unknown name or table, for columns that have changed since
 * and for a backup of another database; ERR_004 when rows of other tables would lose the rows they point at; ERR_009
 * when the backup is damaged; ERR_008, ERR_001; the signal's reason when aborted.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<BackupManifest> {
  const { target, backup, name, signal } = options;
  return inTransaction(backup, 'snapshot', { signal }, async (stored) => {
    const manifest = await requireManifest(stored, name);
    const tables = chosenTables(manifest, options.tables);
    await inTransaction(target, 'write', { schema: manifest.schema, signal }, async (transaction) => {
      if (options.intoOtherDatabase !== true) await refuseOtherDatabase(transaction, manifest);
      const pairs = await lockTables(transaction, manifest, tables);
      const relations = pairs.map(({ relation }) => relation);
      const keys = await lockNeighbours(transaction, relations);
      const guarded = await orphansBefore(transaction, keys, relations);
      await options.beforeTruncate?.(transaction);

      // A deferred unique constraint would leave checks open that keep the tables from being altered.
      await transaction.query('set constraints all immediate');
      const triggers = await disableTriggers(transaction, relations);
      for (const key of keys) await dropForeignKey(transaction, key);
      await transaction.query(`truncate ${relations.map((relation) => relation.from).join(', ')}`);
      for (const [done, { held, relation }] of pairs.entries())
        await fillTable(stored, transaction, manifest, held, relation, { done, of: pairs.length }, options);

      for (const { key, orphans } of guarded) await refuseNewOrphans(transaction, key, orphans, manifest);
      for (const key of keys) await addForeignKey(transaction, key);
      await enableTriggers(transaction, triggers);
      for (const sequence of tables.flatMap((table) => table.sequences))
        await setSequence(transaction, sequence);
      await options.beforeCommit?.(transaction);
    });
    return manifest;
  });
}

function chosenTables(manifest: BackupManifest, wanted: readonly string[] | undefined): BackedUpTable[] {
  if (wanted === undefined) return manifest.tables;
  const held = manifest.tables.map((table) => table.table);
  const unknown = wanted.filter((table) => !held.includes(table));
  if (unknown.length > 0)
    throw new MigrationError('ERR_002', `Backup ${manifest.name} does not hold ${unknown.join(', ')}.`, {
      next: `Name tables among: ${held.join(', ')}.`,
    });
  return manifest.tables.filter((table) => wanted.includes(table.table));
}

async function refuseOtherDatabase(transaction: Transaction, manifest: BackupManifest): Promise<void> {
  const here = await databaseIdentity(transaction);
  if (sameDatabase(here, manifest.database)) return;
  throw new MigrationError(
    'ERR_002',
    `Backup ${manifest.name} was made of ${addressOf(manifest.database)}, and the target is ${addressOf(here)}.`,
    {
      next: 'Point the target at the database the backup was made of, or ask for a restore into another database.',
      place: { server: transaction.label },
    },
  );
}

/** A table of the backup and the one of the target that it goes into. */
interface Pair {
  readonly held: BackedUpTable;
  readonly relation: Relation;
}

/** Locks the tables first, so that what is found about them afterwards stays true. */
async function lockTables(
  transaction: Transaction,
  manifest: BackupManifest,
  tables: readonly BackedUpTable[],
): Promise<Pair[]> {
  const names = tables.map((table) => table.table);
  await lock(transaction, await requireRelations(transaction, manifest.schema, names));
  const relations = await requireRelations(transaction, manifest.schema, names);
  const pairs = relations.flatMap((relation) =>
    tables.filter((held) => held.table === relation.table).map((held) => ({ held, relation })),
  );
  for (const { held, relation } of pairs) {
    const differences = schemaDifferences(held, relation);
    if (differences.length > 0)
      throw new MigrationError(
        'ERR_002',
        `Table ${relation.table} is not as it was when backup ${manifest.name} was made: ${differences.join('; ')}.`,
        {
          next: 'Undo the schema change, then restore.',
          place: { server: transaction.label, table: relation.table },
        },
      );
  }
  return pairs;
}

function schemaDifferences(held: BackedUpTable, relation: Relation): string[] {
  const before = new Map(held.columns.map((column) => [column.name, column]));
  const now = new Map(relation.columns.map((column) => [column.name, column]));
  const sequences = relation.sequences.map(({ schema, name }) => quoteName(schema, name));
  return [
    ...[...before.keys()].filter((name) => !now.has(name)).map((name) => `column ${name} is gone`),
    ...[...now.keys()].filter((name) => !before.has(name)).map((name) => `column ${name} is new`),
    ...[...now.values()].flatMap(({ name, type, generated }) => {
      const was = before.get(name);
      if (was === undefined) return [];
      return [
        ...(was.type === type ? [] : [`column ${name} was ${was.type} and is ${type}`]),
        ...(was.generated === generated
          ? []
          : [`column ${name} ${generated ? 'is now' : 'is no longer'} generated`]),
      ];
    }),
    ...held.sequences
      .map(({ schema, name }) => quoteName(schema, name))
      .filter((name) => !sequences.includes(name))
      .map((name) => `sequence ${name} is gone or used by other tables too`),
  ];
}

/** The foreign keys around the tables, with the tables at their other ends locked too. */
async function lockNeighbours(
  transaction: Transaction,
  relations: readonly Relation[],
): Promise<ForeignKey[]> {
  const keys = await foreignKeysOf(
    transaction,
    relations.map((relation) => relation.oid),
  );
  const own = new Set(relations.map((relation) => relation.oid));
  const neighbours = new Map(
    keys.flatMap((key) => [
      [key.childOid, { oid: key.childOid, schema: key.childSchema, table: key.childTable }],
      [key.parentOid, { oid: key.parentOid, schema: key.parentSchema, table: key.parentTable }],
    ]),
  );
  await lock(
    transaction,
    [...neighbours.values()].filter(({ oid }) => !own.has(oid)),
  );
  return keys;
}

/** In name order, as everybody who locks several tables should. */
async function lock(
  transaction: Transaction,
  tables: readonly { schema: string; table: string }[],
): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map(({ schema, table }) => quoteName(schema, table)).toSorted();
  await transaction.query(`lock table ${names.join(', ')} in access exclusive mode`);
}

interface GuardedKey {
  readonly key: ForeignKey;
  /** rows without a parent already before; there are some where a key is NOT VALID */
  readonly orphans: number;
}

/** The foreign keys from tables outside the set into it. */
async function orphansBefore(
  transaction: Transaction,
  keys: readonly ForeignKey[],
  relations: readonly Relation[],
): Promise<GuardedKey[]> {
  const own = new Set(relations.map((relation) => relation.oid));
  const guarded: GuardedKey[] = [];
  for (const key of keys.filter(({ childOid }) => !own.has(childOid)))
    guarded.push({ key, orphans: await countOrphans(transaction, key) });
  return guarded;
}

async function refuseNewOrphans(
  transaction: Transaction,
  key: ForeignKey,
  before: number,
  manifest: BackupManifest,
): Promise<void> {
  const lost = (await countOrphans(transaction, key)) - before;
  if (lost <= 0) return;
  throw new MigrationError(
    'ERR_004',
    `${lost} rows of ${key.childTable} point (${key.childColumns.join(', ')}) at rows of ${key.parentTable} that are not in backup ${manifest.name} and would vanish.`,
    {
      next: `Remove or change those rows of ${key.childTable}, or restore it together with ${key.parentTable} if the backup holds it.`,
      place: { server: transaction.label, table: key.childTable },
    },
  );
}

async function fillTable(
  stored: Transaction,
  transaction: Transaction,
  manifest: BackupManifest,
  held: BackedUpTable,
  relation: Relation,
  position: { done: number; of: number },
  { signal, progress }: Watch,
): Promise<void> {
  const { table } = held;
  // The target computes generated columns itself; the checksum covers them.
  const written = columnNames(held.columns.filter((column) => !column.generated));
  progress({ doing: 'copying', table, ...position, bytes: 0 });
  const { bytes } = await copyRows(
    stored,
    selectSql(quoteName(manifest.name, table), written),
    transaction,
    copyList(manifest.schema, table, written),
    {
      format: held.format,
      signal,
      onBytes: (sofar) => progress({ doing: 'copying', table, ...position, bytes: sofar }),
    },
  );
  progress({ doing: 'comparing', table, ...position, bytes });
  const restored = await tally(transaction, relation.from, columnNames(held.columns));
  if (!sameTally(held, restored))
    throw checksumMismatch(
      `Restoring backup ${manifest.name} did not give what it was made of, and was undone`,
      table,
      held,
      restored,
      'Verify the backup (npm run db:verify-backup) and use another one if it is damaged.',
    );
}

/**
 * Sets a sequence so that a rollback takes it back, which setval alone does not: RESTART gives the sequence a new file
 * that only this transaction sees, and setval then writes into that one.
 */
async function setSequence(transaction: Transaction, sequence: SequenceState): Promise<void> {
  const name = quoteName(sequence.schema, sequence.name);
  await transaction.query(`alter sequence ${name} restart with ${BigInt(sequence.lastValue)}`);
  await transaction.query('select setval($1::regclass, $2, $3)', [
    name,
    sequence.lastValue,
    sequence.isCalled,
  ]);
}
