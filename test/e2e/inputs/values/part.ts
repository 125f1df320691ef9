import { expect, it } from 'vitest';
import {
  constant,
  document,
  entity,
  identity,
  keep,
  leftovers,
  source,
  type Column,
} from '../../../../src/plan/builder.js';
import { minted } from '../../mapping/case.js';
import { numbers, type EngineName, type Legacy } from '../engines.js';
import { rejectsOf, stepOf, type MovedInputs, type Part } from '../part.js';
import type { Given } from './case.js';
import type { ValueColumn } from './value-column.js';
import { columns } from './columns.js';
import { valueCases } from './index.js';

const plainRows = 12_000;
/** The odd rows are between these plain ones. */
const middle = plainRows / 2;

interface EngineCase extends Given {
  readonly name: string;
  readonly column: string;
  /** its id in the big table */
  readonly id: number;
  /** the table whose only row it is in, with odd values of other columns that have the same end */
  readonly alone: string;
}

/** Every odd value: in the middle of a big table, and as the only row of a table. */
export function valuesPart(engine: EngineName): Part {
  const own = columnsOf(engine);
  const cases = casesOf(engine);
  const lonely = new Map<string, EngineCase[]>();
  for (const one of cases) lonely.set(one.alone, [...(lonely.get(one.alone) ?? []), one]);
  const targetColumns = own.map(([name, { target }]) => `${name} ${target}`).join(', ');

  return {
    entities: [
      entity({
        step: 'odd-values',
        label: 'odd values',
        sources: [
          source('odd_values', [
            keep('id'),
            ...own.map(([name, { rule }]) => rule(name)),
            document('rest', { legacy: leftovers({}) }),
          ]),
        ],
      }),
      entity({
        step: 'alone-values',
        label: 'values alone',
        sources: [...lonely].map(([alone, together]) =>
          source(alone, [
            identity('id'),
            ...own.map(([name, about]) =>
              together.some(({ column }) => column === name) ? about.rule(name) : filler(name, about),
            ),
            document('rest', { legacy: leftovers({}) }),
          ]),
        ),
      }),
    ],
    tables: [
      `create table odd_values (id integer primary key, ${targetColumns}, rest jsonb)`,
      `create table alone_values (id uuid primary key, ${targetColumns}, rest jsonb)`,
    ],

    async seed(legacy) {
      if (engine === 'postgres') await legacy.run(`create type mood as enum ('good', 'bad')`);
      const legacyColumns = own.map(([name, { types }]) => `${name} ${types[engine]}`).join(', ');
      await legacy.run(`create table odd_values (id integer primary key, ${legacyColumns})`);
      const names = own.map(([name]) => name).join(', ');
      await legacy.run(
        `insert into odd_values (id, ${names})
         select case when n < ${middle} then n else n + 10000 end, ${own.map(([, { plain }]) => plain[0]).join(', ')}
         from ${numbers} s where n < ${plainRows}`,
      );
      const needed = own.filter(([, about]) => isNeeded(about));
      for (const one of cases) {
        const others = needed.filter(([name]) => name !== one.column);
        await legacy.run(
          `insert into odd_values (${['id', one.column, ...others.map(([name]) => name)].join(', ')})
           values (${[one.id, one.sql, ...others.map(([, { plain }]) => plain[0])].join(', ')})`,
        );
      }
      for (const [alone, together] of lonely) await createAlone(legacy, alone, together);
    },

    prove(run) {
      it(`moves all of its ${cases.length} odd values, each row counted and none that differs`, () => {
        const rejected = cases.filter(({ becomes }) => 'rejected' in becomes).length;
        const read = plainRows + cases.length;
        expect(stepOf(run(), 'odd-values')).toMatchObject({ read, migrated: read - rejected, rejected });
        const alone = [...lonely.keys()];
        expect(stepOf(run(), 'alone-values')).toMatchObject({
          read: alone.length,
          rejected: alone.filter((table) => table.startsWith('alone_odd')).length,
        });
      });

      it('has every plain row around them as it was', async () => {
        const checks = own
          .filter(([, { plain }]) => plain[1] !== '')
          .map(([name], i) => `count(*) filter (where ${name}::text = $${i + 1})::int as ${name}`);
        const [found] = await run().target(
          `select count(*)::int as id, ${checks.join(', ')} from odd_values where id < ${middle} or id >= ${middle + 10_000}`,
          own.flatMap(([, { plain }]) => (plain[1] === '' ? [] : [plain[1]])),
        );
        expect(found).toEqual(Object.fromEntries(Object.keys(found ?? {}).map((name) => [name, plainRows])));
      });

      it.each(cases)('$column: $name', async (one) => {
        const places = await Promise.all([
          outcome(run(), one, {
            source: 'odd_values',
            table: 'odd_values',
            id: String(one.id),
            key: String(one.id),
          }),
          outcome(run(), one, {
            source: one.alone,
            table: 'alone_values',
            id: '1',
            key: minted(one.alone, '1'),
          }),
        ]);
        expect(places).toEqual([expectedOf(one), expectedOf(one)]);
      });
    },
  };
}

function columnsOf(engine: EngineName): [string, ValueColumn][] {
  return Object.entries<ValueColumn>(columns).filter(([, { types }]) => types[engine] !== undefined);
}

function casesOf(engine: EngineName): EngineCase[] {
  const taken = new Map<string, number>();
  return valueCases.flatMap((one, i) => {
    const cell = one[engine];
    if ('cannotOccur' in cell) return [];
    const { name, column } = one;
    if (!columnsOf(engine).some(([known]) => known === column))
      throw new Error(`${name}: ${engine} has no column ${column}`);
    const end = 'rejected' in cell.becomes ? 'odd' : 'kept';
    const before = taken.get(`${end} ${column}`) ?? 0;
    taken.set(`${end} ${column}`, before + 1);
    return [{ ...cell, name, column, id: middle + i, alone: `alone_${end}_${before}` }];
  });
}

const isNeeded = ({ target }: ValueColumn): boolean => target.endsWith('not null');

function filler(name: string, about: ValueColumn): Column {
  return constant(name, isNeeded(about) ? about.plain[1] : null);
}

async function createAlone(legacy: Legacy, alone: string, cases: readonly EngineCase[]): Promise<void> {
  const types = cases.map(({ column }) => `${column} ${typeIn(legacy.engine, column)}`);
  await legacy.run(`create table ${alone} (id integer primary key, ${types.join(', ')})`);
  await legacy.run(`insert into ${alone} values (1, ${cases.map(({ sql }) => sql).join(', ')})`);
}

function typeIn(engine: EngineName, column: string): string | undefined {
  return columnsOf(engine).find(([name]) => name === column)?.[1].types[engine];
}

/** What became of a value in one of its two tables, in the form of `expectedOf`. */
async function outcome(
  run: MovedInputs,
  { column, becomes }: EngineCase,
  place: { source: string; table: string; id: string; key: string },
): Promise<object> {
  const rows = await run.target<{ value: string | null; rest: unknown }>(
    `select ${column}::text as value, rest #>> '{legacy,${camel(column)}}' as rest from ${place.table} where id::text = $1`,
    [place.key],
  );
  const rejects = (await rejectsOf(run, place.source)).filter(({ id }) => id === place.id);
  const warnings = await run.target<{ reason: string }>(
    'select reason from migration.warnings where legacy_table = $1 and legacy_id = $2 and column_name = $3',
    [place.source, place.id, column],
  );
  const [reject] = rejects;
  const { rejected, warning } = becomes as { rejected?: RegExp; warning?: RegExp };
  return {
    moved: rows.map(({ value }) => value),
    elsewhere: rows[0]?.rest ?? undefined,
    warnings: warnings.map(({ reason }) => (warning?.test(reason) ? 'as told' : reason)),
    rejects: rejects.map(({ code, reason }) => {
      const own = reason.split('; ').filter((each) => each.startsWith(`${column}: `));
      return [code, own.length === 1 && rejected?.test(own[0] ?? '') ? 'as told' : reason];
    }),
    original: reject?.original[column],
  };
}

function expectedOf({ becomes }: EngineCase): object {
  if ('rejected' in becomes)
    return {
      moved: [],
      elsewhere: undefined,
      warnings: [],
      rejects: [['ERR_003', 'as told']],
      original: becomes.original,
    };
  return {
    moved: [becomes.kept],
    elsewhere: becomes.original,
    warnings: becomes.warning ? ['as told'] : [],
    rejects: [],
    original: undefined,
  };
}

/** The key of a leftover. */
function camel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
