import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { withDatabase } from '../../helpers/databases.js';
import { sharedMysqlServer } from '../../helpers/mysql-servers.js';
import { openRun } from './caught-up-run.js';
import { SourceChanges, type LegacyOwner } from './change-source.js';
import { expectFresh, withOwner } from './expect-fresh.js';

const { NXT_CATCH_UP_SEED: seed = '1' } = process.env;

type Work = (url: string, owner: LegacyOwner) => Promise<void>;

/** Makes an empty legacy database for the work, and drops it. */
const servers: readonly { readonly name: string; readonly use: (work: Work) => Promise<void> }[] = [
  { name: 'PostgreSQL', use: (work) => withDatabase((url) => withOwner(url, (owner) => work(url, owner))) },
  {
    name: 'MySQL',
    use: async (work) => {
      const database = await (await sharedMysqlServer('MySQL')).createDatabase('legacy');
      const connection = await createConnection({ uri: database.url, charset: 'utf8mb4', dateStrings: true });
      try {
        // As an old application has it: zero dates are taken.
        await connection.query(`set sql_mode = '', time_zone = '+00:00'`);
        await work(database.url, {
          binaryIds: ['legacy_price_list_items'],
          query: async (sql) => {
            const [rows] =
              await connection.query<(Record<string, string | number | null> & RowDataPacket)[]>(sql);
            return Array.isArray(rows) ? rows : [];
          },
        });
      } finally {
        await connection.end();
        await database.drop();
      }
    },
  },
];

test.each(servers)(
  `after each catch-up the target is what a fresh run makes of $name (seed ${seed})`,
  { timeout: 600_000 },
  ({ use }) =>
    use(async (url, owner) => {
      await seedLegacy({ url, rows: 1_500, seed: Number(seed), mostDirtPercent: 30 });
      await owner.query('create table kept_uploads as select * from legacy_upload_history');
      await owner.query('delete from legacy_upload_history');
      const run = await openRun(url);
      try {
        await run.move();
        const nothing = await run.catchUp();
        for (const answer of nothing.values())
          expect(answer).toMatchObject({ inserted: 0, updated: 0, deleted: 0, left: 0, completed: true });
        for (const round of [1, 2]) {
          await new SourceChanges(owner, Number(seed) * 10 + round).all();
          // An empty table gets rows, then loses all.
          await owner.query(
            round === 1
              ? 'insert into legacy_upload_history select * from kept_uploads'
              : 'delete from legacy_upload_history',
          );
          const answers = await run.catchUp();
          for (const [step, { inserted, updated, deleted }] of answers)
            expect(inserted + updated + deleted, step).toBeGreaterThan(0);
          await expectFresh(run, url);
        }
      } finally {
        await run.close();
      }
    }),
);
