import type { ClientConfig } from 'pg';
import { connect } from '../engine/postgres/connect.js';
import { MigrationError } from '../contract/errors.js';
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
      const [, , median = 0] = times.sort((a, b) => a - b);
      return {
        server,
        version: Number(row.version),
        versionText: row.text,
        latencyMs: median,
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

/**
 * Throws ERR_002 when two of the databases are one, under whatever names. No gate, which an operator could pass: it must
 * be known before anything is written anywhere.
 */
export function refuseOneDatabaseTwice(
  source: ConnectionReport,
  target: ConnectionReport,
  backup: ConnectionReport | undefined,
): void {
  const named = [
    { variable: 'SOURCE_DATABASE_URL', identity: source.identity },
    { variable: 'DATABASE_URL', identity: target.identity },
    ...(backup ? [{ variable: 'BACKUP_DATABASE_URL', identity: backup.identity }] : []),
  ];
  for (const [position, one] of named.entries())
    for (const other of named.slice(0, position))
      if (one.identity === other.identity)
        throw new MigrationError(
          'ERR_002',
          `${other.variable} and ${one.variable} lead to the same database by different names.`,
          {
            next: 'Name three different databases, start the worker again, then retry or start the run anew.',
          },
        );
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
