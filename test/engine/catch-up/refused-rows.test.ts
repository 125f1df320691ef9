/** Rows that the target refuses by their values: they are quarantined one by one, and all others come in line. */
import { expect, test } from 'vitest';
import { SourceChanges } from './change-source.js';
import { customers, target, withMoved } from './with-moved.js';

test(
  'a type that others have narrowed refuses the rows that do not fit, and only these',
  { timeout: 300_000 },
  () =>
    withMoved(
      async (moved) => {
        const { run, legacy, value } = moved;
        const ids = await customers(moved);
        const changes = new SourceChanges(legacy, 77);
        const [refused, stumbles, beside, built, model] = ids as [string, string, string, string, string];
        const upper = String(
          await value(
            `select upper[1] from migration.ranges
           where step = 'customers' and kind = 'key' and upper is not null order by range desc limit 1`,
          ),
        );
        await legacy.query(`delete from legacy_customers where id = '${upper}'`);
        await run.catchUp();
        await run.target.query('create table visits (customer uuid references customers on delete cascade)');
        await run.target.query(`insert into visits select id from customers where ${target(built)}`);

        const named = (name: string, ...some: string[]) =>
          legacy.query(
            `update legacy_customers set company_name = '${name}' where id in (${some.join(', ')})`,
          );
        await named('Refused', refused, built);
        await named('Abc', stumbles);
        await named('Beside it', beside);
        // Behind the last chunk of a range, with others yet to come, and behind all.
        for (const [id, name] of [
          [upper, 'Refused'],
          ['90000003', 'Refused'],
          ['90000004', 'Behind it'],
        ] as const)
          await changes.clone('legacy_customers', model, id, {
            company_name: `'${name}'`,
            customer_code: `'NARROWED-${id}'`,
          });
        let narrowed: Promise<unknown> | undefined;
        const answer = await run.attempt('customers', {
          number: 10,
          connect: async () => {
            narrowed ??= run.target.query(
              // Constrained afterwards: the rows are not written anew, and stay the run's own.
              `create domain plain_name as varchar(255);
               alter table customers alter column company_name type plain_name;
               alter domain plain_name add check (value <> 'Refused' and 10 / (length(value) - 3) < 11)`,
            );
            await narrowed;
            return run.connect();
          },
        });
        expect(answer).toMatchObject({ inserted: 1, updated: 1, deleted: 2, left: 1, done: true });
        const { rows } = await run.target.query<{ id: string; why: string }>(
          `select legacy_id as id, code || ' ' || reason as why from migration.rejects
         where legacy_id = any($1) and resolved_at is null`,
          [[...ids, upper, '90000003', '90000004']],
        );
        const check = `ERR_003 the target's check plain_name_check refuses it`;
        expect(new Map(rows.map(({ id, why }) => [id, why]))).toEqual(
          new Map([
            [refused, check],
            [stumbles, 'ERR_003 the target cannot hold the value (SQLSTATE 22012)'],
            [upper, check],
            ['90000003', check],
          ]),
        );
        expect(
          await value(`select count(*) from customers where ${target(refused)} or ${target(stumbles)}`),
        ).toBe('0');
        expect(await value(`select company_name from customers where ${target(beside)}`)).toBe('Beside it');
        expect(await value(`select count(*) from customers where ${target(built)}`)).toBe('1');
        expect(await value('select legacy_id from migration.differences')).toBe(built);
        const { read, migrated, merged, rejected } = await run.counts('customers');
        expect(read).toBe(migrated + merged + rejected);
        expect(await value('select count(*) from customers')).toBe(String(migrated));
      },
      { rows: 600, chunkRows: 3 },
    ),
);

test('a unique index that cannot tell the key of a row refuses that row alone', { timeout: 300_000 }, () =>
  withMoved(
    async (moved) => {
      const { run, legacy, value } = moved;
      const [changed, beside, model] = (await customers(moved)) as [string, string, string];
      await run.target.query(
        `create unique index one_quotient on customers ((md5(id::text || 10 / (length(company_name) - 3))))`,
      );
      await legacy.query(`update legacy_customers set company_name = 'Abc' where id = '${changed}'`);
      await legacy.query(`update legacy_customers set company_name = 'Beside it' where id = '${beside}'`);
      await new SourceChanges(legacy, 78).clone('legacy_customers', model, '90000002', {
        company_name: `'Xyz'`,
        customer_code: `'INDEXED'`,
      });
      const answers = await run.catchUp();
      expect(answers.get('customers')).toMatchObject({ inserted: 0, updated: 1, deleted: 1, left: 0 });
      expect(await value(`select company_name from customers where ${target(beside)}`)).toBe('Beside it');
      const reasons = `select string_agg(distinct reason, ';') from migration.rejects
        where legacy_id in ('${changed}', '90000002') and resolved_at is null`;
      expect(await value(reasons)).toBe('the target cannot hold the value (SQLSTATE 22012)');
    },
    { rows: 300 },
  ),
);
