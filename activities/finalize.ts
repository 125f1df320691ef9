import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MigrationError } from '../src/contract/errors.js';
import type { RunRef } from '../src/contract/outline.js';
import { countDeferred, rebuildObjects } from '../src/engine/target/deferred-objects.js';
import { resetSequences } from '../src/engine/target/reset-sequences.js';
import { runReport } from '../src/report/run-report.js';
import { quoteTable } from '../src/store/quote.js';
import { entitiesOfRun } from '../src/store/run-entities.js';
import { closeRunRow } from '../src/store/runs.js';
import type { RunContext } from './run-context.js';
import type { Activities } from './types.js';

type Finalize = Pick<Activities, 'finishTarget' | 'writeReport' | 'closeRun'>;

/** Phase 4. */
export function finalizeActivities(context: RunContext): Finalize {
  return {
    finishTarget: (ref) =>
      context.attempt(ref, ({ pause, progress }) =>
        context.withTarget(async (client) => {
          const plan = context.plan(ref.plan);
          await rebuildObjects(client, ref.run, undefined, (done, of) => progress({ done, of }), {
            pause,
            connect: () => context.connectTarget(),
          });
          for (const { table } of await entitiesOfRun(client, ref.run, plan)) {
            pause.throwIfAborted();
            await resetSequences(client, table);
            await client.query(`analyze ${quoteTable(table)}`);
          }
          const left = await countDeferred(client, ref.run);
          if (left > 0)
            throw new MigrationError(
              'ERR_002',
              `${left} indexes or constraints of the target are still off.`,
              {
                next: 'Retry; their definitions stand in migration.deferred_objects.',
              },
            );
        }),
      ),

    writeReport: ({ status, ...ref }) =>
      context.attempt(ref, async () => {
        const report = await context.withTarget((client) => runReport(client, ref, status));
        const folder = context.config.monitoring.reportDir;
        await mkdir(folder, { recursive: true });
        const file = await reportFile(folder, ref);
        await writeFile(file, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
        await context.withTarget((client) =>
          client.query('update migration.runs set report = $2 where run = $1', [ref.run, file]),
        );
        return { path: file };
      }),

    closeRun: ({ state, ...ref }) =>
      context.attempt(ref, () => context.withTarget((client) => closeRunRow(client, ref, state))),
  };
}

/** The manual's name, with the run's id where a report of another run of that day has it already. */
async function reportFile(folder: string, ref: RunRef): Promise<string> {
  const name = `migration-report-${ref.startedAt.slice(0, 10)}`;
  const file = path.join(folder, `${name}.json`);
  const before = await readFile(file, 'utf8').catch(() => undefined);
  const isOurs = before === undefined || before.includes(`"run": ${JSON.stringify(ref.run)}`);
  return isOurs ? file : path.join(folder, `${name}-${ref.run.replaceAll(/[^\w.-]/g, '_')}.json`);
}
