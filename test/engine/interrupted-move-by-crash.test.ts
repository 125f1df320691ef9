/** A source server that is killed in the middle of a move and comes back: nothing is lost, and nothing is there twice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveStep } from '../../src/engine/move-step.js';
import { SharedReferences } from '../../src/engine/references/shared-references.js';
import type { SourceDatabase } from '../../src/engine/source/types.js';
import { stepCounts } from '../../src/store/runs.js';
import { mysqlNames, queryMysql, startMysqlServer, type MysqlTestServer } from '../helpers/mysql-servers.js';
import { makeCustomers, openLegacy, ref, withSurveyedCustomers } from './surveyed-customers.js';

const rows = 3_000;

describe.each(mysqlNames)('%s', (name) => {
  let server: MysqlTestServer;

  beforeAll(async () => {
    server = await startMysqlServer(name);
    // What is in must be there after the crash.
    await queryMysql(server.url('mysql'), 'set global innodb_flush_log_at_trx_commit = 1');
  }, 300_000);
  afterAll(() => server?.close());

  test('is killed and started again while it is read', () =>
    withSurveyedCustomers(
      // So wide that most rows are still on their way when the first ones are in.
      (url) => makeCustomers(url, rows, 10_000),
      async ({ step, source, connectTarget, client, legacyUrl }) => {
        const { signal } = new AbortController();
        const move = (database: SourceDatabase, onCommit = (): void => undefined): Promise<boolean> =>
          moveStep(step, {
            database,
            connect: connectTarget,
            references: new SharedReferences(),
            limit: { rows: 100, bytes: 2 << 20 },
            pause: signal,
            signal,
            onCommit,
          });
        const read = async (): Promise<number> => (await stepCounts(client, ref.run, 'customers')).read;

        let commits = 0;
        const crashed = move(source, () => {
          if (++commits === 3) server.kill();
        });
        await expect(crashed).rejects.toMatchObject({
          code: 'ERR_001',
          transient: true,
          place: { server: 'source' },
        });
        expect(await read()).toBeGreaterThanOrEqual(300);
        expect(await read()).toBeLessThan(rows);
        // Until it is there again, each further attempt is told so.
        await expect(openLegacy(legacyUrl)).rejects.toMatchObject({ code: 'ERR_001', transient: true });

        await server.restart();
        const again = await openLegacy(legacyUrl);
        try {
          expect(await move(again)).toBe(true);
        } finally {
          await again.close();
        }
        expect(await read()).toBe(rows);
        const found = await client.query(
          'select count(*)::int as rows, count(distinct id)::int as ids from customers',
        );
        expect(found.rows).toEqual([{ rows, ids: rows }]);
      },
      () => server.createDatabase('legacy'),
    ));
});
