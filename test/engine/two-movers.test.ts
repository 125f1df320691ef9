import { Client } from 'pg';
import { expect, test } from 'vitest';
import { parseRunInput } from '../../src/contract/input.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { moveStep } from '../../src/engine/move-step.js';
import { connect } from '../../src/engine/postgres/connect.js';
import { openPostgresSource } from '../../src/engine/postgres/source.js';
import { openStep, type Step } from '../../src/engine/step.js';
import { surveyStep } from '../../src/engine/survey/survey-step.js';
import type { PassPoint } from '../../src/observe/fault-point.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { migrateStore } from '../../src/store/migrate-store.js';
import { enterRun, stepCounts } from '../../src/store/runs.js';
import { withDatabase } from '../helpers/databases.js';

const ref = { run: 'two-movers', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };

/**
 * The lock on a range ends with its connection, which may be lost while the mover goes on: then a second one moves the
 * same range beside the first, and chunks are claimed by one of them.
 */
test('two movers of one range move every row once', () =>
  withDatabase((legacy) =>
    withDatabase(async (target) => {
      await seedLegacy({ url: legacy, rows: 20_000 });
      const source = await openPostgresSource({ connectionString: legacy });
      const client = await connect({ connectionString: target });
      try {
        const step = await customersStep(source, client);
        const signal = new AbortController().signal;
        const survey = await surveyStep(step, source, client, { signal, progress: () => undefined });
        const mover = (at: PassPoint) =>
          moveStep(step, {
            database: source,
            connect: () => connect({ connectionString: target }),
            limit: { rows: 1, bytes: 1 << 20 },
            signal,
            progress: () => undefined,
            at,
          });

        const claims: ('first' | 'second')[] = [];
        let second: Promise<void> | undefined;
        const first = mover((point) => {
          if (point === 'before-claim' && claims.push('first') === 5)
            second = endLockHolders(target).then(() =>
              mover((passed) => {
                if (passed === 'before-claim') claims.push('second');
              }),
            );
        });
        // It cannot mark the range as done, on the connection that it lost.
        await expect(first).rejects.toThrow(/terminat|connection/i);
        await second;
        expect(claims.indexOf('second')).toBeGreaterThan(0);
        expect(claims.lastIndexOf('first')).toBeGreaterThan(claims.indexOf('second'));

        const { rows } = await client.query<{ rows: number; chunks: number; last: number; keys: number }>(
          `select (select count(*)::int from customers) as rows, count(*)::int as chunks, max(chunk) as last,
             (select count(distinct id)::int from (select unnest(target_uuids) as id from migration.lineage)) as keys
           from migration.chunks`,
        );
        const counts = await stepCounts(client, ref.run, 'customers');
        expect(counts.read).toBe(survey.source);
        expect(counts.read).toBe(counts.migrated + counts.rejected);
        expect(rows[0]).toMatchObject({ rows: counts.migrated, keys: counts.migrated });
        expect(rows[0]?.chunks).toBe((rows[0]?.last ?? 0) + 1);
        const { rows: taken } = await client.query(
          `select legacy_id from migration.rejects where reason ~ 'customers_pkey'`,
        );
        expect(taken).toEqual([]);
      } finally {
        await client.end();
        await source.close();
      }
    }),
  ));

async function customersStep(
  source: Awaited<ReturnType<typeof openPostgresSource>>,
  client: Client,
): Promise<Step> {
  const [entity] = nxtPlan.entities.filter(({ step }) => step === 'customers');
  const input = parseRunInput({});
  if (!entity || 'problems' in input) throw new Error('the plan or the input has changed');
  await migrateStore(client);
  await enterRun(client, ref, ref.run, input.settings, [entity]);
  await prepareTargetSchema(client, nxtPlan);
  const settings = {
    runStartMicros: 0n,
    runStartIso: ref.startedAt,
    sourceTimeZone: 'UTC',
    defaultCountry: 'US',
    ignoredTaxIds: [],
  };
  return openStep({ ref, plan: nxtPlan, entity, settings }, source, client);
}

/** Ends the connections that hold the lock of a range. */
async function endLockHolders(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
  );
  await client.end();
}
