/** What others have in the target beside the rows of the run, or have built upon these. */
import { expect, test } from 'vitest';
import { SourceChanges } from './change-source.js';
import { customers, target, withMoved, type Moved } from './with-moved.js';

const unchanged = { inserted: 0, updated: 0, deleted: 0, left: 0 };

/** Others write a copy of a row whose code is the same but for case. */
async function copyInOtherCase({ run }: Moved, table: string, column: string, id: string): Promise<void> {
  const { rowCount } = await run.target.query(
    `insert into ${table}
     select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'metadata', '{}'::jsonb, '${column}',
       case when ${column} = lower(${column}) then upper(${column}) else lower(${column}) end))).*
     from ${table} t where id = '${id}'`,
  );
  expect(rowCount).toBe(1);
}

test(
  'a key that others write beside one of ours, in another case, takes nothing from it',
  { timeout: 300_000 },
  () =>
    withMoved(
      async (moved) => {
        const { run, legacy, value } = moved;
        const [ours, renamed] = (await customers(moved)) as [string, string];
        await copyInOtherCase(
          moved,
          'customers',
          'customer_code',
          String(await value(`select id from customers where ${target(ours)}`)),
        );
        const host = String(await value('select min(target_id) from migration.merges'));
        await copyInOtherCase(moved, 'suppliers', 'supplier_code', host);
        const merges = `select string_agg(legacy_id, ',' order by legacy_id) from migration.merges`;
        const merged = await value(merges);

        const first = await run.catchUp();
        expect(first.get('customers')).toMatchObject({ ...unchanged, completed: true });
        expect(first.get('suppliers')).toMatchObject({ ...unchanged, completed: true });
        expect(await value(merges)).toBe(merged);

        // It follows its source on; another row does not get such a key, be it one of the run.
        await run.target.query(
          `insert into customers (customer_code, company_name, email) values ('by-others', 'Others', 'others@example.com')`,
        );
        await legacy.query(`update legacy_customers set company_name = 'By the source' where id = '${ours}'`);
        await legacy.query(`update legacy_customers set customer_code = 'BY-OTHERS' where id = '${renamed}'`);
        const second = await run.catchUp();
        expect(second.get('customers')).toMatchObject({ inserted: 0, updated: 1, deleted: 1, left: 0 });
        expect(await value(`select company_name from customers where ${target(ours)}`)).toBe('By the source');
        expect(
          await value(
            `select code from migration.rejects where legacy_id = '${renamed}' and resolved_at is null`,
          ),
        ).toBe('ERR_005');
      },
      { rows: 600 },
    ),
);

test('a row that had left the quarantine, was left and comes back is met once', { timeout: 300_000 }, () =>
  withMoved(
    async (moved) => {
      const { run, legacy, value } = moved;
      const [model] = (await customers(moved)) as [string];
      const id = '90000001';
      const comes = () =>
        new SourceChanges(legacy, 76).clone('legacy_customers', model, id, { customer_code: `'COMES-BACK'` });
      const counts = async () => {
        const { read, migrated, merged, rejected } = await run.counts('customers');
        expect(read).toBe(migrated + merged + rejected);
        expect(await value('select count(*) from customers')).toBe(String(migrated));
        expect(
          await value(
            `select count(*) from migration.rejects where step = 'customers' and resolved_at is null`,
          ),
        ).toBe(String(rejected));
        return read;
      };
      await comes();
      await legacy.query(`update legacy_customers set email = 'nobody' where id = '${id}'`);
      await run.catchUp();
      await legacy.query(`update legacy_customers set email = 'back@example.com' where id = '${id}'`);
      expect(await run.retry('customers')).toBeGreaterThan(0);
      await run.target.query('create table visits (customer uuid references customers on delete cascade)');
      await run.target.query(`insert into visits select id from customers where ${target(id)}`);
      const read = await counts();

      await legacy.query(`delete from legacy_customers where id = '${id}'`);
      const left = await run.catchUp();
      expect(left.get('customers')).toMatchObject({ ...unchanged, left: 1 });
      expect(await counts()).toBe(read);

      await comes();
      await legacy.query(`update legacy_customers set email = 'back@example.com' where id = '${id}'`);
      const back = await run.catchUp();
      expect(back.get('customers')).toMatchObject(unchanged);
      expect(await value(`select count(*) from customers where ${target(id)}`)).toBe('1');
      expect(await counts()).toBe(read);
      expect(await run.verify('customers')).toMatchObject({ differences: 0 });
    },
    { rows: 300 },
  ),
);
