import { z } from 'zod';
import { MigrationError } from '../contract/errors.js';
import type { Transaction } from './transaction.js';

const columnSchema = z.object({
  name: z.string(),
  /** the type in the target */
  type: z.string(),
  /** the type in the backup: the same, or `text` for a type that only the target knows */
  storedAs: z.string(),
  notNull: z.boolean(),
  /** SQL text of the default or of the generating expression */
  expression: z.string().nullable(),
  generated: z.boolean(),
  identity: z.enum(['always', 'by default']).nullable(),
});

const sequenceSchema = z.object({
  schema: z.string(),
  name: z.string(),
  /** int8 as text */
  lastValue: z.string().regex(/^-?\d+$/),
  isCalled: z.boolean(),
});

const tableSchema = z.object({
  table: z.string(),
  rows: z.number().int().nonnegative(),
  /** bytes of the COPY stream */
  bytes: z.number().int().nonnegative(),
  /** see checksum.ts */
  checksum: z.string(),
  /** how the rows travel; `text` as soon as one column is stored as text, which the target then reads as its type */
  format: z.enum(['binary', 'text']),
  columns: z.array(columnSchema),
  sequences: z.array(sequenceSchema),
});

const databaseSchema = z.object({
  host: z.string(),
  port: z.number().int(),
  database: z.string(),
  /** tells servers apart whatever their address; null where the server does not say */
  systemIdentifier: z.string().nullable(),
});

const manifestSchema = z.object({
  /** also the name of the schema in the backup database that holds the tables */
  name: z.string(),
  run: z.string(),
  /** ISO 8601, UTC */
  at: z.string(),
  /** of which database */
  database: databaseSchema,
  /** the schema of the tables in that database */
  schema: z.string(),
  tables: z.array(tableSchema),
});

/** What a whole backup holds. There is one only when the backup is complete: it commits together with the rows. */
export type BackupManifest = z.infer<typeof manifestSchema>;
export type BackedUpTable = z.infer<typeof tableSchema>;
export type BackedUpColumn = z.infer<typeof columnSchema>;
export type DatabaseIdentity = z.infer<typeof databaseSchema>;

/** Makes the registry of backups in the backup database unless it is there. */
export async function prepareRegistry(transaction: Transaction): Promise<void> {
  if (await hasRegistry(transaction)) return;
  // IF NOT EXISTS does not keep two from creating it in the same instant.
  await transaction.query(`select pg_advisory_xact_lock(hashtextextended('migration_backup', 0))`);
  await transaction.query('create schema if not exists migration_backup');
  await transaction.query(`
    create table if not exists migration_backup.manifests (
      name text primary key,
      run text not null,
      at timestamptz not null,
      manifest jsonb not null
    )`);
}

export async function insertManifest(transaction: Transaction, manifest: BackupManifest): Promise<void> {
  await transaction.query(
    'insert into migration_backup.manifests (name, run, at, manifest) values ($1, $2, $3, $4)',
    [manifest.name, manifest.run, manifest.at, JSON.stringify(manifest)],
  );
}

/** All whole backups, the newest first. */
export async function readManifests(transaction: Transaction): Promise<BackupManifest[]> {
  return (await manifestRows(transaction)).map(parseManifest);
}

/** The manifest of the named backup; ERR_002 with the names there are when it does not exist. */
export async function requireManifest(transaction: Transaction, name: string): Promise<BackupManifest> {
  const rows = await manifestRows(transaction);
  const row = rows.find((candidate) => candidate.name === name);
  if (row !== undefined) return parseManifest(row);
  const names = rows.map((candidate) => candidate.name);
  throw new MigrationError('ERR_002', `There is no whole backup named ${name}.`, {
    next:
      names.length === 0 ? 'There are no backups; create one first.' : `Name one of: ${names.join(', ')}.`,
    place: { server: transaction.label },
  });
}

/** The manifest as the registry holds it, not yet trusted. */
interface ManifestRow {
  readonly name: string;
  readonly manifest: unknown;
}

async function manifestRows(transaction: Transaction): Promise<ManifestRow[]> {
  if (!(await hasRegistry(transaction))) return [];
  return transaction.query<ManifestRow>(
    'select name, manifest from migration_backup.manifests order by at desc, name desc',
  );
}

function parseManifest({ name, manifest }: ManifestRow): BackupManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success && parsed.data.name === name) return parsed.data;
  const fields = parsed.error?.issues.map((issue) => issue.path.join('.')) ?? ['name'];
  throw new MigrationError('ERR_009', `The manifest of backup ${name} is damaged (${fields.join(', ')}).`, {
    next: 'Do not restore from it; use another backup.',
    place: { server: 'backup', table: 'migration_backup.manifests', key: name },
  });
}

async function hasRegistry(transaction: Transaction): Promise<boolean> {
  const [found] = await transaction.query<{ there: boolean }>(
    `select to_regclass('migration_backup.manifests') is not null as there`,
  );
  return found?.there === true;
}
