import { expect, it } from 'vitest';
import {
  document,
  entity,
  generated,
  integer,
  keep,
  leftovers,
  source,
  text,
} from '../../../src/plan/builder.js';
import { numbers, type EngineName } from './engines.js';
import { stepOf, type Part } from './part.js';

const rows = 1_500;

const identityColumn: Readonly<Record<EngineName, string>> = {
  postgres: 'id integer generated always as identity primary key',
  mysql: 'id integer auto_increment primary key',
  mariadb: 'id integer auto_increment primary key',
};

/** Columns that a server fills by itself, in the legacy database and in the target. */
export function madeColumnsPart(engine: EngineName): Part {
  const twice = 'generated always as (quantity * 2) stored';
  return {
    entities: [
      entity({
        step: 'made-columns',
        label: 'made columns',
        sources: [
          source('made_columns', [
            keep('id'),
            integer('quantity'),
            integer('twice_before', { from: 'twice' }),
            document('rest', { legacy: leftovers({}) }),
          ]),
        ],
      }),
      entity({
        step: 'made-keys',
        label: 'made keys',
        sources: [source('made_keys', [generated('id'), text('name', { from: 'name' })])],
      }),
    ],
    tables: [
      `create table made_columns (id integer generated always as identity primary key, quantity integer,
         twice_before integer, twice integer ${twice}, rest jsonb)`,
      'create table made_keys (id bigint generated always as identity primary key, name text)',
    ],
    async seed(legacy) {
      // PostgreSQL before 18 has stored ones only.
      const thrice = engine === 'postgres' ? 'stored' : 'virtual';
      await legacy.run(
        `create table made_columns (${identityColumn[engine]}, quantity integer, twice integer ${twice},
           thrice integer generated always as (quantity * 3) ${thrice})`,
      );
      await legacy.run(
        `insert into made_columns (quantity) select n from ${numbers} s where n < ${rows} order by n`,
      );
      await legacy.run('create table made_keys (id integer primary key, name varchar(20))');
      await legacy.run(
        `insert into made_keys select n, concat('name ', n) from ${numbers} s where n < ${rows}`,
      );
    },
    prove(run) {
      it('generated columns are read in the source, and left to the target to make', async () => {
        for (const step of ['made-columns', 'made-keys'])
          expect(stepOf(run(), step)).toMatchObject({ migrated: rows, rejected: 0, differences: 0 });
        const [found] = await run().target(
          `select count(*)::int as rows, sum(quantity)::int as quantity, sum(twice)::int as twice,
             sum(twice_before)::int as before, sum((rest #>> '{legacy,thrice}')::int)::int as thrice
           from made_columns`,
        );
        const quantity = (rows * (rows - 1)) / 2;
        expect(found).toEqual({
          rows,
          quantity,
          twice: quantity * 2,
          before: quantity * 2,
          thrice: quantity * 3,
        });
      });

      it('identity columns that are always generated take the legacy ids, and go on behind them', async () => {
        const [next] = await run().target<{ next: number }>(
          `select min(id)::int as first, max(id)::int as last,
             nextval(pg_get_serial_sequence('made_columns', 'id'))::int as next from made_columns`,
        );
        expect(next).toEqual({ first: 1, last: rows, next: rows + 1 });
        const [keys] = await run().target(
          `select count(distinct id)::int as ids, count(distinct name)::int as names from made_keys`,
        );
        expect(keys).toEqual({ ids: rows, names: rows });
      });
    },
  };
}
