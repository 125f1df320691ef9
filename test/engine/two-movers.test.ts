import { Client } from 'pg';
import { expect, test } from 'vitest';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { moveStep } from '../../src/engine/move-step.js';
import type { PassPoint } from '../../src/observe/fault-point.js';
import { stepCounts } from '../../src/store/runs.js';
import { ref, withSurveyedCustomers } from './surveyed-customers.js';
import { SharedReferences } from '../../src/engine/references/shared-references.js';

/**
 * The lock on a range ends with its connection, which may be lost while the mover goes on: then a second one moves the
 * same range beside the first, and chunks are claimed by one of them.
 */
test('two movers of one range move every row once', () =>
  withSurveyedCustomers(
    (url) => seedLegacy({ url, rows: 8_000 }),
    async ({ step, survey, source, client, connectTarget, targetUrl }) => {
      const { signal } = new AbortController();
      const mover = (at: PassPoint) =>
        moveStep(step, {
          database: source,
          connect: connectTarget,
          references: new SharedReferences(),
          limit: { rows: 1, bytes: 1 << 20 },
          pause: signal,
          signal,
          onCommit: () => undefined,
          at,
        });

      const claims: ('first' | 'second')[] = [];
      let second: Promise<boolean> | undefined;
      const first = mover((point) => {
        if (point === 'before-claim' && claims.push('first') === 5)
          second = endLockHolders(targetUrl).then(() =>
            mover((passed) => {
              if (passed === 'before-claim') claims.push('second');
            }),
          );
      });
      // It cannot mark the range as done, on the connection that it lost.
      await expect(first).rejects.toThrow(/terminat|connection/i);
      expect(await second).toBe(true);
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
    },
  ));

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
