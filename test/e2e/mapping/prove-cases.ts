import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../src/contract/status.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';
import { finishedRun } from '../finished-run.js';
import { keyOf, uuid, type Case, type LegacyTable } from './case.js';

/** What further tests of the same run may ask. */
export interface ProvenRun {
  readonly target: Client;
  readonly status: RunStatus;
}

/** Moves the tables' rows in one run, and proves each case. */
export function proveCases(
  title: string,
  tables: readonly LegacyTable[],
  options: {
    /** variables of the environment */
    readonly settings?: Record<string, string>;
    /** makes what must be there before the run */
    readonly prepare?: (source: Client, target: Client) => Promise<void>;
  },
  further: (run: () => ProvenRun) => void,
): void {
  describe(title, () => {
    let environment: RunEnvironment;
    let target: Client;
    let status: RunStatus;

    beforeAll(async () => {
      environment = await createRunEnvironment(options.settings);
      target = await open(environment.target.url);
      const source = await open(environment.source.url);
      try {
        await options.prepare?.(source, target);
        for (const [position, table] of tables.entries()) await seed(source, table, position);
      } finally {
        await source.end();
      }
      status = await finishedRun(environment, { maxErrorRate: 1, alertErrorRate: 1, minQualityScore: 0 });
    }, 60_000);
    afterAll(async () => {
      await target.end();
      await environment.close();
    });

    it('completes, with every row accounted for and none that differs', () => {
      expect(status.state).toBe('completed');
      for (const step of status.steps) {
        expect(step).toMatchObject({ differences: 0, read: step.source });
        expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      }
    });

    further(() => ({ target, status }));

    for (const table of tables)
      it.each(numbered(table, tables.indexOf(table)))(`${table.table}: $rule`, async (one) => {
        const id = one.legacyId;
        const { rows: warnings } = await target.query<{ column: string }>(
          `select column_name as column from migration.warnings where legacy_table = $1 and legacy_id = $2 order by 1`,
          [table.table, id],
        );
        expect(warnings.map(({ column }) => column)).toEqual(one.warns ?? []);

        const { rows: rejects } = await target.query<{ code: string; codes: string[]; reason: string }>(
          `select code, codes, reason, original->>'id' as id from migration.rejects where legacy_table = $1 and legacy_id = $2`,
          [table.table, id],
        );
        if (one.rejects) {
          expect(rejects).toMatchObject([{ id, code: expect.toBeOneOf([...one.rejects.codes]) }]);
          expect(rejects[0]?.codes.toSorted()).toEqual(one.rejects.codes);
          for (const column of one.rejects.columns) expect(rejects[0]?.reason).toContain(column);
        } else expect(rejects).toEqual([]);

        const { rows: merges } = await target.query(
          'select target_id, rule from migration.merges where legacy_table = $1 and legacy_id = $2',
          [table.table, id],
        );
        expect(merges).toEqual(
          one.merges ? [{ target_id: keyOf('legacy_suppliers', one.merges.into), rule: one.merges.by }] : [],
        );

        const wanted = Object.entries(one.moves ?? {});
        const key = table.legacyKey ? id : (one.key ?? keyOf(table.table, id));
        const expressions = ['true as found', ...wanted.map(([sql], i) => `(${sql})::text as v${i}`)];
        const { rows: found } = await target.query<Record<string, string | null>>(
          `select ${expressions.join(', ')} from ${table.target} where ${table.legacyKey ?? 'id::text'} = $1`,
          [key],
        );
        if (!one.moves) return expect(found).toEqual([]);
        expect(found).toHaveLength(1);
        const values = Object.fromEntries(wanted.map(([sql], i) => [sql, found[0]?.[`v${i}`]]));
        const expected = await Promise.all(
          wanted.map(async ([sql, text]) => [sql, await printed(target, text)]),
        );
        expect(values).toEqual(Object.fromEntries(expected));
      });
  });
}

type NumberedCase = Case & {
  readonly legacyId: string;
  readonly values: Readonly<Record<string, string | null>>;
};

/** The cases of a table, each with a whole row; those without an id of their own get one. */
function numbered(table: LegacyTable, position: number): NumberedCase[] {
  const start = position * 1000 + 0x100000;
  return table.cases.map((one, i) => {
    const own = table.numbered ? String(i + 1) : uuid(start + i);
    const values = { id: own, ...table.good(i), ...one.row };
    return { ...one, values, legacyId: values.id ?? own };
  });
}

async function seed(source: Client, table: LegacyTable, position: number): Promise<void> {
  const columns = Object.entries(table.columns).map(
    ([name, type]) => `${source.escapeIdentifier(name)} ${type}`,
  );
  await source.query(`create table ${table.table} (${columns.join(', ')}, primary key (id))`);
  for (const { values } of numbered(table, position)) {
    const names = Object.keys(values);
    await source.query(
      `insert into ${table.table} (${names.map((name) => source.escapeIdentifier(name)).join(', ')})
       values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(values),
    );
  }
}

/** JSON as the server prints it: the cases need not know the order of its keys. */
async function printed(client: Client, text: string | null): Promise<string | null> {
  if (text === null || !/^\s*(\[|\{"|\{\})/.test(text)) return text;
  const { rows } = await client.query<{ text: string }>('select $1::jsonb::text as text', [text]);
  return rows[0]?.text ?? null;
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, options: '-c TimeZone=UTC -c DateStyle=ISO' });
  await client.connect();
  return client;
}
