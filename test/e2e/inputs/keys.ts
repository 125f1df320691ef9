import { expect, it } from 'vitest';
import { entity, identity, keep, source, text } from '../../../src/plan/builder.js';
import { keyOf, minted } from '../mapping/case.js';
import { numbers, type EngineName } from './engines.js';
import { rejectsOf, type Part } from './part.js';
import { sqlText } from './values/case.js';

/** Rows of a table, so that each kind of key stands at several borders of chunks. */
const rows = 1_500;

/** A legacy table with an unusual key, whose rows all move. */
interface KeyTable {
  readonly name: string;
  readonly rule: string;
  /** columns with their key; undefined: this engine has no such type */
  readonly columns: Readonly<Record<EngineName, string | undefined>>;
  /** columns of the key */
  readonly key: readonly string[];
  /** the values of row `n`, SQL of a number from 0 */
  readonly values: (engine: EngineName) => readonly string[];
  /** further rows */
  readonly extra?: (engine: EngineName) => readonly (readonly string[])[];
  /** the target table that its rows go to */
  readonly target: keyof typeof targets;
  /** keys of rows that do not come in, and why */
  readonly rejects?: readonly {
    readonly id: string;
    readonly code: string;
    readonly reason: RegExp;
    /** it is one of the further rows */
    readonly extra?: true;
  }[];
}

/** Target tables by their key columns: the type of each, and what the plan makes of the legacy one. */
const targets = {
  numbers: { id: ['bigint', keep] },
  texts: { id: ['text', keep] },
  ids: { id: ['uuid', identity] },
  pairs: { b: ['text', keep], a: ['text', keep] },
  days: { day: ['text', keep], n: ['smallint', keep] },
} as const;

const all = (columns: string): KeyTable['columns'] => ({
  postgres: columns,
  mysql: columns,
  mariadb: columns,
});
const uuidOf = 'a1b2c3d4-0000-4000-8000-';

const tables: readonly KeyTable[] = [
  {
    name: 'key_negative',
    rule: 'integers that are negative, far apart, and not in the order of the table',
    columns: all('id bigint primary key, note varchar(40)'),
    key: ['id'],
    values: () => [`(mod(n * 7919, ${rows}) - 1000) * 3600000000000000`],
    extra: () => [
      ['-9223372036854775808'],
      ['9223372036854775807'],
      ['9007199254740993'],
      ['-9007199254740993'],
    ],
    target: 'numbers',
  },
  {
    name: 'key_unsigned',
    rule: 'integers of 64 bits without a sign',
    columns: {
      postgres: 'id numeric(20) primary key, note varchar(40)',
      mysql: 'id bigint unsigned primary key, note varchar(40)',
      mariadb: 'id bigint unsigned primary key, note varchar(40)',
    },
    key: ['id'],
    values: () => ['18446744073709551615 - n'],
    extra: () => [['0'], ['9007199254740992'], ['9007199254740993']],
    target: 'ids',
  },
  {
    name: 'key_pair',
    rule: 'two columns, one of them a text in which what separates keys occurs',
    columns: all('b varchar(20) not null, a varchar(20) not null, note varchar(40), primary key (b, a)'),
    key: ['b', 'a'],
    values: () => [`concat('b', mod(n, 7))`, `concat('a', n)`],
    extra: () => [
      [`'x,y'`, `'z'`],
      [`'x'`, `'y,z'`],
      [`''`, `'empty'`],
      [`'"quoted"'`, `'[]'`],
    ],
    target: 'pairs',
  },
  {
    name: 'key_unique',
    rule: 'no primary key, and a unique index over a column that is never null',
    columns: all('note varchar(40), code varchar(20) not null, maybe integer, unique (maybe), unique (code)'),
    key: ['code'],
    values: () => [`concat('code-', n)`],
    target: 'texts',
  },
  {
    name: 'key_cased',
    rule: 'texts that differ in case or in spaces at their end only, where the legacy table tells them apart',
    columns: {
      postgres: 'id text collate "C" primary key, note varchar(40)',
      mysql: 'id varchar(20) collate utf8mb4_0900_as_cs primary key, note varchar(40)',
      mariadb: 'id varchar(20) collate utf8mb4_nopad_bin primary key, note varchar(40)',
    },
    key: ['id'],
    values: () => [`concat(case when mod(n, 2) = 0 then 'Key' else 'kEY' end, floor(n / 2))`],
    extra: () => [[`'key0'`], [`'Key0 '`], [`'Key0  '`], [`' Key0'`], [`''`], [`' '`]],
    target: 'texts',
  },
  {
    name: 'key_uuid_text',
    rule: 'UUIDs in a text column, one of them twice in other letters',
    columns: {
      postgres: 'id char(36) primary key, note varchar(40)',
      mysql: 'id char(36) collate utf8mb4_bin primary key, note varchar(40)',
      mariadb: 'id char(36) collate utf8mb4_bin primary key, note varchar(40)',
    },
    key: ['id'],
    values: () => [`concat('${uuidOf}', lpad(cast(n as char(6)), 12, '0'))`],
    extra: () => [[`'A1B2C3D4-0000-4000-8000-000000000007'`], [`'no uuid'`]],
    target: 'ids',
    rejects: [{ id: `${uuidOf}000000000007`, code: 'ERR_005', reason: /key_ids_pkey/ }],
  },
  {
    name: 'key_uuid',
    rule: "the engine's own form of a UUID",
    columns: {
      postgres: 'id uuid primary key, note varchar(40)',
      mysql: 'id binary(16) primary key, note varchar(40)',
      mariadb: 'id uuid primary key, note varchar(40)',
    },
    key: ['id'],
    values: (engine) => {
      const digits = `concat(left(md5(concat(n)), 12), '4', substring(md5(concat(n)), 14, 3), '9', right(md5(concat(n)), 15))`;
      if (engine === 'postgres') return [`(${digits})::uuid`];
      return engine === 'mysql' ? [`unhex(${digits})`] : [digits];
    },
    target: 'ids',
  },
  {
    name: 'key_bytes',
    rule: '16 bytes that are a UUID in some rows only',
    columns: {
      postgres: undefined,
      mysql: 'id binary(16) primary key, note varchar(40)',
      mariadb: 'id binary(16) primary key, note varchar(40)',
    },
    key: ['id'],
    values: () => [`unhex(md5(concat('bytes', n)))`],
    target: 'ids',
  },
  {
    name: 'key_nul',
    rule: 'texts with NUL, which the target cannot hold, and texts that look like bytes',
    columns: {
      postgres: undefined,
      mysql: 'id varchar(40) character set utf8mb4 primary key, note varchar(40)',
      mariadb: 'id varchar(40) character set utf8mb4 primary key, note varchar(40)',
    },
    key: ['id'],
    values: () => [`concat('m', n)`],
    // The first and the last rows of the table: the last key of a chunk is what its watermark keeps.
    extra: () => [
      [`concat('a', char(0), 'b')`],
      [`concat('z', char(0), '1')`],
      [`concat('z', char(0), '2')`],
      [`'\\\\x6d31'`],
    ],
    target: 'texts',
    rejects: [
      { id: '\\x610062', code: 'ERR_003', reason: /NUL/, extra: true },
      { id: '\\x7a0031', code: 'ERR_003', reason: /NUL/, extra: true },
      { id: '\\x7a0032', code: 'ERR_003', reason: /NUL/, extra: true },
    ],
  },
  {
    name: 'key_day',
    rule: 'a day and a number',
    columns: all('day date not null, n smallint not null, note varchar(40), primary key (day, n)'),
    key: ['day', 'n'],
    values: (engine) => [
      engine === 'postgres'
        ? `date '2020-01-01' + n / 50`
        : `date_add('2020-01-01', interval floor(n / 50) day)`,
      'mod(n, 50) - 25',
    ],
    target: 'days',
  },
  {
    name: 'key_empty',
    rule: 'a table without rows',
    columns: all('id integer primary key, note varchar(40)'),
    key: ['id'],
    values: () => [],
    target: 'numbers',
  },
  {
    name: 'key_single',
    rule: 'a table with one row',
    columns: all('id integer primary key, note varchar(40)'),
    key: ['id'],
    values: () => [],
    extra: () => [['-1']],
    target: 'numbers',
  },
];

/** Codes that a case-insensitive reader takes for the same; ids as they come. */
const codes: readonly (readonly [id: number, code: string])[] = [
  [1, 'Code-A'],
  [2, 'code-a'],
  [3, ' CODE-A '],
  [4, 'code-b'],
  [5, 'ＣＯＤＥ-B'],
  [6, 'straße'],
  [7, 'STRASSE'],
  [8, 'code-a\u00a0'],
];

/** Tables whose keys are unusual: each row comes exactly once, whatever its key is. */
export function keysPart(engine: EngineName): Part {
  const own = tables.flatMap((table) => {
    const columns = table.columns[engine];
    return columns === undefined ? [] : [{ ...table, columns }];
  });
  return {
    entities: [
      ...Object.entries(targets).map(([target, columns]) =>
        entity({
          step: `key-${target}`,
          label: target,
          key: Object.keys(columns),
          sources: own
            .filter((table) => table.target === target)
            .map(({ name, key }) =>
              source(name, [
                ...Object.entries(columns).map(([column, [, rule]], i) =>
                  rule(column, { from: key[i] ?? column }),
                ),
                text('note'),
              ]),
            ),
        }),
      ),
      entity({
        step: 'key-codes',
        label: 'codes',
        code: 'code',
        unique: [{ column: 'code', firstBy: 'id' }],
        sources: [source('key_codes', [keep('id'), text('code', { required: true })])],
      }),
    ],
    tables: [
      ...Object.entries(targets).map(([target, columns]) => {
        const typed = Object.entries(columns).map(([column, [type]]) => `${column} ${type}`);
        const key = Object.keys(columns).join(', ');
        return `create table key_${target} (${typed.join(', ')}, note text, primary key (${key}))`;
      }),
      'create table key_codes (id integer primary key, code text not null)',
    ],

    async seed(legacy) {
      for (const { name, columns, key, values, extra } of own) {
        await legacy.run(`create table ${name} (${columns})`);
        const names = key.join(', ');
        const made = values(engine);
        if (made.length > 0)
          await legacy.run(
            `insert into ${name} (${names}, note) select ${made.join(', ')}, concat('${name} ', n) from ${numbers} s where n < ${rows}`,
          );
        for (const row of extra?.(engine) ?? [])
          await legacy.run(
            `insert into ${name} (${names}, note) values (${row.join(', ')}, '${name} extra')`,
          );
      }
      await legacy.run('create table key_codes (id integer primary key, code varchar(40))');
      for (const [id, code] of codes)
        await legacy.run(`insert into key_codes values (${id}, ${sqlText(engine, code)})`);
    },

    prove(run) {
      it.each(own)('$name: $rule', async ({ name, target, values, extra, rejects = [] }) => {
        const read = (values(engine).length > 0 ? rows : 0) + (extra?.(engine).length ?? 0);
        const [counted] = await run().target(
          `select coalesce(sum(read), 0)::int as read, coalesce(sum(migrated), 0)::int as migrated,
             coalesce(sum(rejected), 0)::int as rejected from migration.chunks where source_table = $1`,
          [name],
        );
        const out = rejects.length;
        const made = values(engine).length > 0 ? rows - rejects.filter(({ extra: more }) => !more).length : 0;
        expect(counted).toEqual({ read, migrated: read - out, rejected: out });
        const [found] = await run().target(
          `select count(*)::int as rows, count(distinct note) filter (where note not like '% extra')::int as made
           from key_${target} where note like $1`,
          [`${name} %`],
        );
        expect(found).toEqual({ rows: read - out, made });
        const quarantined = await rejectsOf(run(), name);
        expect(quarantined.map(({ id, code }) => ({ id, code }))).toEqual(
          rejects.map(({ id, code }) => ({ id, code })),
        );
        for (const [i, { reason }] of rejects.entries()) expect(quarantined[i]?.reason).toMatch(reason);
      });

      it('keeps ids to the last digit and letter', async () => {
        const ids = async (name: string, target: string, column: string): Promise<string[]> =>
          (
            await run().target<{ id: string }>(
              `select (${column})::text as id from key_${target} where note = '${name} extra'`,
            )
          )
            .map(({ id }) => id)
            .toSorted();
        expect(await ids('key_negative', 'numbers', 'id')).toEqual(
          ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-9007199254740993'].toSorted(),
        );
        expect(await ids('key_cased', 'texts', 'id')).toEqual(
          ['key0', 'Key0 ', 'Key0  ', ' Key0', '', ' '].toSorted(),
        );
        expect(await ids('key_pair', 'pairs', `b || '|' || a`)).toEqual(
          ['x,y|z', 'x|y,z', '|empty', '"quoted"|[]'].toSorted(),
        );
        expect(await ids('key_nul', 'texts', 'id')).toEqual(engine === 'postgres' ? [] : ['\\x6d31']);
        expect(await ids('key_unsigned', 'ids', 'id')).toEqual(
          ['0', '9007199254740992', '9007199254740993'].map((id) => minted('key_unsigned', id)).toSorted(),
        );
        expect(await ids('key_uuid_text', 'ids', 'id')).toEqual(
          [`${uuidOf}000000000007`, keyOf('key_uuid_text', 'no uuid')].toSorted(),
        );
      });

      it('rejects codes that differ in case or white space only, naming both rows', async () => {
        const rejects = await rejectsOf(run(), 'key_codes');
        expect(rejects.map(({ id, code, reason }) => [id, code, reason])).toEqual([
          ['2', 'ERR_005', 'code: the same code as key_codes 1'],
          ['3', 'ERR_005', 'code: the same code as key_codes 1'],
          ['8', 'ERR_005', 'code: the same code as key_codes 1'],
        ]);
        expect(rejects.map(({ original }) => original['code'])).toEqual([
          'code-a',
          ' CODE-A ',
          'code-a\u00a0',
        ]);
      });
    },
  };
}
