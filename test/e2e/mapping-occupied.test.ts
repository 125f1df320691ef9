import { Client } from 'pg';
import { expect, it } from 'vitest';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../src/prepare/target-schema.js';
import { createRunEnvironment } from '../helpers/run-environment.js';
import { finishedRun } from './finished-run.js';
import { occupy, otherShapes } from './mapping/other-shapes.js';
import { proveCases } from './mapping/prove-cases.js';

/** The rows of the plan's tables that were there before the run, as text. */
let before: readonly string[];

proveCases(
  otherShapes,
  {
    settings: { MIGRATION_SOURCE_TIME_ZONE: 'Europe/Berlin', MIGRATION_DEFAULT_COUNTRY: 'US' },
    cannotBe: { PostgreSQL: 0, MySQL: 2, MariaDB: 2 },
    prepare: async (target) => {
      await prepareTargetSchema(target, nxtPlan);
      await occupy(target);
      before = await rowsIn(target);
    },
  },
  (run) => {
    it('never touches what was there', async () => {
      expect(before).toHaveLength(10);
      expect(await rowsIn(run().target)).toEqual(expect.arrayContaining([...before]));
    });
  },
);

it('stops, and says why, where a warehouse cannot be made', async () => {
  const environment = await createRunEnvironment();
  try {
    await seedLegacy({ url: environment.source.url, rows: 200 });
    const client = new Client({ connectionString: environment.target.url });
    await client.connect();
    await prepareTargetSchema(client, nxtPlan);
    await client.query("insert into warehouses (code) values ('WH-EAST'), ('WH-WEST'), ('WH-NORTH')");
    await client.end();
    await expect(finishedRun(environment, { backup: false })).rejects.toThrow(
      /"code":"ERR_005","message":"warehouses cannot be given the row [0-9a-f-]{36} that rows of inventory need: .*\(warehouses_code_key\)/,
    );
  } finally {
    await environment.close();
  }
});

async function rowsIn(client: Client): Promise<string[]> {
  const rows: string[] = [];
  for (const table of nxtPlan.schema.tables) {
    const found = await client.query<{ row: string }>(`select '${table}' || t::text as row from ${table} t`);
    rows.push(...found.rows.map(({ row }) => row));
  }
  return rows;
}
