import type { ClientConfig } from 'pg';
import { connect } from '../engine/postgres/connect.js';
import { databaseError } from '../store/postgres-errors.js';

/** What a look at one database showed. */
export interface ConnectionReport {
  readonly server: string;
  /** `server_version_num`: 180004 is 18.4 */
  readonly version: number;
  readonly versionText: string;
  /** median of five round trips */
  readonly latencyMs: number;
  /** names one database of one server start, however it was addressed */
  readonly identity: string;
  readonly canCreateSchemas: boolean;
  readonly readOnly: boolean;
}

/** Connects once and looks. Throws `MigrationError` ERR_001 when it cannot. */
export async function lookAt(server: string, config: ClientConfig): Promise<ConnectionReport> {
  try {
    const client = await connect(config);
    try {
      const { rows } = await client.query<{
        version: string;
        text: string;
        identity: string;
        create: boolean;
        readOnly: boolean;
      }>(
        `select current_setting('server_version_num') as version, current_setting('server_version') as text,
           concat_ws('/', extract(epoch from pg_postmaster_start_time()), d.oid, d.datname) as identity,
           has_database_privilege(d.oid, 'CREATE') as create, pg_is_in_recovery() as "readOnly"
         from pg_database d where d.datname = current_database()`,
      );
      const row = rows[0];
      if (!row) throw new Error('the server did not say which database it serves');
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        await client.query('select 1');
        times.push(performance.now() - start);
      }
      return {
        server,
        version: Number(row.version),
        versionText: row.text,
        latencyMs: times.sort((a, b) => a - b)[2] as number,
        identity: row.identity,
        canCreateSchemas: row.create,
        readOnly: row.readOnly,
      };
    } finally {
      await client.end();
    }
  } catch (error) {
    throw databaseError(error, server);
  }
}

/** The oldest PostgreSQL that may be a source (the manual's requirement), as `server_version_num`. */
const oldestSource = 120_000;
/** The manual's limit between databases. */
const slowMs = 50;

export interface ConnectionsFinding {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What is wrong with the databases of a run, together. */
export function judgeConnections(
  source: ConnectionReport,
  target: ConnectionReport,
  backup: ConnectionReport | undefined,
): ConnectionsFinding {
  const problems: string[] = [];
  const warnings: string[] = [];
  if (source.version < oldestSource)
    problems.push(`the source is PostgreSQL ${source.versionText}; 12 is the oldest that is read`);
  if (source.identity === target.identity)
    problems.push('SOURCE_DATABASE_URL and DATABASE_URL lead to the same database');
  if (backup && backup.identity === target.identity)
    problems.push('BACKUP_DATABASE_URL and DATABASE_URL lead to the same database');
  if (backup && backup.identity === source.identity)
    problems.push('BACKUP_DATABASE_URL and SOURCE_DATABASE_URL lead to the same database');
  for (const report of [target, backup])
    if (report?.readOnly) problems.push(`the ${report.server} is a standby and takes no writes`);
    else if (report && !report.canCreateSchemas)
      problems.push(`the user of the ${report.server} may not create schemas; grant CREATE on the database`);
  for (const report of [source, target, backup])
    if (report && report.latencyMs > slowMs)
      warnings.push(
        `the ${report.server} answers in ${Math.round(report.latencyMs)} ms; up to ${slowMs} ms are recommended`,
      );
  return { problems, warnings };
}
