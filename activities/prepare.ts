import { createBackup } from '../src/backup/create-backup.js';
import { fingerprint } from '../src/backup/fingerprint.js';
import { proveBackup } from '../src/backup/prove-backup.js';
import type { BackupProgress } from '../src/backup/types.js';
import { isLoopback } from '../src/config/same-database.js';
import { scoreRows } from '../src/engine/quality/score-rows.js';
import type { PassPoint } from '../src/observe/fault-point.js';
import { judgeConnections, refuseOneDatabaseTwice } from '../src/prepare/connections.js';
import { checkDiskSpace } from '../src/prepare/disk.js';
import { sourceBytes } from '../src/prepare/source.js';
import { prepareTargetSchema } from '../src/prepare/target-schema.js';
import { currentXid, noteFingerprint } from '../src/store/fingerprints.js';
import type { RunContext } from './run-context.js';
import type { Activities, Gate } from './types.js';

const passed: Gate = { passed: true, code: '', reason: '' };

function gate(problems: readonly string[], code: Gate['code']): Gate {
  return problems.length === 0 ? passed : { passed: false, code, reason: problems.join('; ') };
}

type Prepare = Pick<
  Activities,
  | 'checkConnections'
  | 'prepareTarget'
  | 'inspectSource'
  | 'scoreQuality'
  | 'checkDisk'
  | 'fingerprintTarget'
  | 'backUpTarget'
>;

/** Phase 1: everything that can be known before the first row is written. */
export function prepareActivities(context: RunContext, at?: PassPoint): Prepare {
  const { config } = context;
  const target = () => ({ label: 'target', config: context.targetConfig() });

  return {
    checkConnections: (ref) =>
      context.attempt(ref, async () => {
        const reports = await context.lookAtAll();
        refuseOneDatabaseTwice(...reports);
        const { problems, warnings } = judgeConnections(...reports);
        return { ...gate(problems, 'ERR_001'), notes: warnings };
      }),

    prepareTarget: (ref) =>
      context.attempt(ref, async () => {
        const plan = context.plan(ref.plan);
        const { problems, deviations, notes } = await context.withTarget((client) =>
          prepareTargetSchema(client, plan),
        );
        const found = gate([...problems, ...deviations], 'ERR_002');
        return { ...found, skippable: problems.length === 0, notes };
      }),

    inspectSource: ({ steps, ...ref }) =>
      context.attempt(ref, async () => {
        const problems: string[] = [];
        for (const step of steps)
          await context.withSource(async (source) => {
            for (const { table } of context.entity({ ...ref, step }).sources) {
              const found = await source.describe(table);
              if (!found) problems.push(`${table}: the source has no such table`);
              else if (!found.readable)
                problems.push(`${table}: the user of the source may not read it; grant SELECT`);
              else if (found.hidesRows)
                problems.push(
                  `${table}: its row level security may hide rows from the user of the source; name a user whom it does not bind (the owner, or one with BYPASSRLS)`,
                );
              else if (found.key.length === 0)
                problems.push(
                  `${table}: no primary key and no unique index over columns that are never null`,
                );
            }
          });
        return { ...gate(problems, 'ERR_002'), skippable: false };
      }),

    scoreQuality: ({ steps, minScore, ...ref }) =>
      context.attempt(ref, async ({ signal, progress }) => {
        let rows = 0;
        let bad = 0;
        const critical: string[] = [];
        for (const step of steps)
          await context.withStep({ ...ref, step }, async (opened, source) => {
            for (const each of opened.sources) {
              const score = await scoreRows(opened, each, source, {
                signal,
                progress: (done) => progress({ done: rows + done, of: null }),
              });
              rows += score.rows;
              bad += score.rejected;
              if (score.rows > 0 && score.rejected === score.rows)
                critical.push(`data quality: every row of ${each.plan.table} looked at would be rejected`);
            }
          });
        const score = rows === 0 ? 1 : 1 - bad / rows;
        const percent = (value: number) => `${(value * 100).toFixed(2)}%`;
        return {
          score,
          ...gate(
            score >= minScore
              ? critical
              : [
                  ...critical,
                  `data quality: ${bad} of ${rows} rows looked at would be rejected (${percent(score)}; ${percent(minScore)} is asked for)`,
                ],
            'ERR_003',
          ),
        };
      }),

    checkDisk: (ref) =>
      context.attempt(ref, async () => {
        const plan = context.plan(ref.plan);
        const tables = plan.entities.flatMap((entity) => entity.sources.map(({ table }) => table));
        const bytes = await sourceBytes(config, tables);
        const { problems, unknown } = await context.withTarget((client) =>
          checkDiskSpace({
            sourceBytes: bytes,
            target: client,
            targetIsLocal: isLoopback(config.target.host),
            reportDir: config.monitoring.reportDir,
          }),
        );
        return { ...gate(problems, 'ERR_008'), notes: unknown };
      }),

    fingerprintTarget: (ref) =>
      context.attempt(ref, async ({ signal, progress }) => {
        const plan = context.plan(ref.plan);
        const xid = await context.withTarget(currentXid);
        const taken = await fingerprint({
          target: target(),
          tables: plan.schema.tables,
          signal,
          progress: ({ done, of }) => progress({ done, of }),
        });
        await context.withTarget((client) => noteFingerprint(client, ref.run, taken, xid));
      }),

    backUpTarget: (ref) =>
      context.attempt(ref, async ({ signal, progress }) => {
        if (!config.backup)
          return gate(
            ['the run wants a backup, and BACKUP_DATABASE_URL is not set: set it and start the worker again'],
            'ERR_002',
          );
        const plan = context.plan(ref.plan);
        const backup = { label: 'backup', config: context.clientConfig(config.backup) };
        const watch = {
          signal,
          progress: ({ doing, bytes, done, of }: BackupProgress) => {
            if (doing === 'copying' && bytes > 0) at?.('in-backup');
            progress({ done, of });
          },
        };
        const { name } = await createBackup({
          target: target(),
          backup,
          tables: plan.schema.tables,
          run: `${ref.run} ${ref.startedAt}`,
          now: new Date(ref.startedAt),
          ...watch,
        });
        at?.('backup-made');
        await proveBackup({ backup, name, ...watch });
        await context.withTarget((client) =>
          client.query('update migration.runs set backup = $2 where run = $1', [ref.run, name]),
        );
        return passed;
      }),
  };
}
