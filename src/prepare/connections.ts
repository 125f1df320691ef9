import { MigrationError } from '../contract/errors.js';
import type { ConnectionReport, Product, TargetReport } from './connection-report.js';

/** The oldest servers that may be a source: the manual's requirement, and MariaDB's release of the same time. */
const oldestSources: Readonly<Record<Product, { readonly version: number; readonly text: string }>> = {
  PostgreSQL: { version: 120_000, text: '12' },
  MySQL: { version: 80_000, text: '8.0' },
  MariaDB: { version: 100_500, text: '10.5' },
};
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
  target: TargetReport,
  backup: TargetReport | undefined,
): ConnectionsFinding {
  const problems: string[] = [];
  const warnings: string[] = [];
  const oldest = oldestSources[source.product];
  if (source.version < oldest.version)
    problems.push(
      `the source is ${source.product} ${source.versionText}; ${oldest.text} is the oldest that is read`,
    );
  for (const report of [target, backup])
    if (report?.readOnly) problems.push(`the ${report.server} is a standby and takes no writes`);
    else if (report && !report.canCreateSchemas)
      problems.push(`the user of the ${report.server} may not create schemas; grant CREATE on the database`);
  for (const report of [target, backup])
    if (report && report.encoding !== 'UTF8')
      problems.push(
        `the ${report.server} is in the encoding ${report.encoding}; it must be UTF8, the only one that holds every text`,
      );
  for (const report of [source, target, backup])
    if (report && report.latencyMs > slowMs)
      warnings.push(
        `the ${report.server} answers in ${Math.round(report.latencyMs)} ms; up to ${slowMs} ms are recommended`,
      );
  return { problems, warnings };
}
