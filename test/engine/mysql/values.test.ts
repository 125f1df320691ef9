import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { allRows, described, onBothServers } from './legacy-servers.js';

/** type; as SQL; as it arrives (null: SQL NULL, bytes: no text); kind */
type Sample = readonly [type: string, sql: string, arrives: string | Buffer | null, kind: string];

const samples: readonly Sample[] = [
  ['date', `'0000-00-00'`, '0000-00-00', 'date'],
  ['date', `'2020-00-15'`, '2020-00-15', 'date'],
  ['date', `'2020-02-31'`, '2020-02-31', 'date'],
  ['date', `'0001-01-01'`, '0001-01-01', 'date'],
  ['datetime', `'0000-00-00'`, '0000-00-00 00:00:00', 'timestamp'],
  ['datetime(6)', `'2021-03-28 02:30:00.123456'`, '2021-03-28 02:30:00.123456', 'timestamp'],
  ['datetime(3)', `'9999-12-31 23:59:59.999'`, '9999-12-31 23:59:59.999', 'timestamp'],
  // 07:30 in the zone of the owner's session (+05:30) is 02:00 UTC.
  ['timestamp(6) null', `'2021-03-28 07:30:00.000001'`, '2021-03-28 02:00:00.000001', 'timestamptz'],
  ['timestamp null', `'0000-00-00 00:00:00'`, '0000-00-00 00:00:00', 'timestamptz'],
  ['time(2)', `'-838:59:59'`, '-838:59:59.00', 'text'],
  ['year', '0', '0000', 'text'],
  ['year', '2024', '2024', 'text'],
  ['bigint unsigned', '18446744073709551615', '18446744073709551615', 'int8'],
  ['bigint', '-9223372036854775808', '-9223372036854775808', 'int8'],
  ['int unsigned', '4294967295', '4294967295', 'int8'],
  ['int(8) zerofill', '42', '42', 'int8'],
  ['mediumint', '-8388608', '-8388608', 'int4'],
  ['smallint unsigned', '65535', '65535', 'int4'],
  ['tinyint(1)', '127', '127', 'int2'],
  ['tinyint(1)', '1', '1', 'int2'],
  ['bit(1)', `b'1'`, '1', 'bool'],
  ['bit(1)', `b'0'`, '0', 'bool'],
  ['bit(8)', `b'10000001'`, '129', 'int8'],
  ['bit(64)', `0xFFFFFFFFFFFFFFFF`, '18446744073709551615', 'int8'],
  ['decimal(20,5)', '-12345678901234.5', '-12345678901234.50000', 'numeric'],
  [
    'decimal(65,30)',
    `'12345678901234567890123456789012345.123456789012345678901234567891'`,
    '12345678901234567890123456789012345.123456789012345678901234567891',
    'numeric',
  ],
  ['decimal(6,2) zerofill', '1.5', '1.50', 'numeric'],
  ['float', '19.99', '19.99', 'text'],
  ['float', '16777217', '16777216', 'text'],
  ['float', '-0.1', '-0.1', 'text'],
  ['float(10,2)', '123456.78', '123456.78', 'text'],
  ['double', '0.1', '0.1', 'text'],
  ['double', '123456789012345.6', '123456789012345.6', 'text'],
  ['json', `'{"b": 1, "a": [9007199254740993, 0.5, "é\\\\n"]}'`, '', 'json'],
  ['longtext', `'{"n": 1.10, "n": 1e400}'`, '{"n": 1.10, "n": 1e400}', 'text'],
  [`enum('a','b')`, `'z'`, '', 'text'],
  [`enum('a','é') character set latin1`, `'é'`, 'é', 'text'],
  [`set('a','b','c')`, `'c,a'`, 'a,c', 'text'],
  ['varchar(20)', `''`, '', 'text'],
  ['varchar(20)', 'null', null, 'text'],
  ['varchar(20)', `'NULL'`, 'NULL', 'text'],
  ['varchar(20)', `'\\\\N'`, '\\N', 'text'],
  ['varchar(20)', `'\\\\.'`, '\\.', 'text'],
  ['varchar(20)', `' \\t\\n\\r '`, ' \t\n\r ', 'text'],
  ['varchar(20)', `'a\\\\b''c"d'`, `a\\b'c"d`, 'text'],
  ['varchar(20)', `concat('a', char(0), 'b')`, Buffer.from('a\0b'), 'text'],
  ['varchar(20)', `'👩‍🌾 é'`, '👩‍🌾 é', 'text'],
  ['char(5)', `'ab '`, 'ab', 'text'],
  ['varchar(20) character set utf8', `'Zürich ☃'`, 'Zürich ☃', 'text'],
  ['varchar(20) character set latin1', `'Zürich €'`, 'Zürich €', 'text'],
  // UTF-8 that was written as latin1: what the table says, not a guess of what was meant.
  ['varchar(20) character set latin1', `convert(0x5AC3BC using latin1)`, 'ZÃ¼', 'text'],
  ['text character set latin2', `'Łódź'`, 'Łódź', 'text'],
  ['varchar(20) character set sjis', `'日本'`, '日本', 'text'],
  ['varchar(20) character set ucs2', `'日本 a'`, '日本 a', 'text'],
  ['varchar(20) character set ascii', `'plain'`, 'plain', 'text'],
  ['blob', `'Zürich'`, 'Zürich', 'text'],
  ['varbinary(8)', `0xFF00FE`, Buffer.from('ff00fe', 'hex'), 'text'],
  ['binary(4)', `'ab'`, Buffer.from('ab\0\0'), 'text'],
  ['binary(16)', `0x0123456789AB4DEF8123456789ABCDEF`, '01234567-89ab-4def-8123-456789abcdef', 'uuid'],
  // No version of a UUID, or not its variant: 16 bytes of something else.
  ['binary(16)', `0x0123456789ABCDEF8123456789ABCDEF`, '0123456789abcdef8123456789abcdef', 'uuid'],
  ['binary(16)', `0x0123456789AB4DEF0123456789ABCDEF`, '0123456789ab4def0123456789abcdef', 'uuid'],
  ['point', `st_geomfromtext('POINT(1 2)')`, '\\x000000000101000000000000000000f03f0000000000000040', 'text'],
  ['mediumtext', `repeat('x', 250)`, 'x'.repeat(250), 'text'],
  ['mediumtext', `repeat('x', 251)`, 'x'.repeat(251), 'text'],
  ['mediumtext', `repeat('x', 65535)`, 'x'.repeat(65535), 'text'],
  ['mediumtext', `repeat('x', 65536)`, 'x'.repeat(65536), 'text'],
];

onBothServers((legacy) => {
  const column = (i: number): string => `c${i}`;

  test('every value arrives as the text that its readers expect, whatever the server’s own settings are', async () => {
    const { owner, source } = legacy;
    const columns = samples.map(([type], i) => `${column(i)} ${type}`);
    await owner.query(`create table samples (id int primary key, ${columns.join(', ')})`);
    await owner.query(`insert into samples values (1, ${samples.map(([, sql]) => sql).join(', ')})`);
    await owner.query('insert into samples (id) values (2)');

    const table = await described(source, 'samples');
    expect(table).toMatchObject({ key: ['id'], readable: true });
    const [filled = [], empty = []] = await allRows(source, table);

    const json =
      legacy.name === 'MySQL'
        ? '{"a": [9007199254740993, 0.5, "é\\n"], "b": 1}'
        : '{"b": 1, "a": [9007199254740993, 0.5, "é\\n"]}';
    const expected = samples.map(([type, sql, arrives, kind]) => [
      type,
      sql,
      type === 'json' ? json : arrives,
      kind,
    ]);
    const found = samples.map(([type, sql], i) => [type, sql, filled[i + 1], table.columns[i + 1]?.kind]);
    expect(found).toEqual(expected);
    expect(empty).toEqual(['2', ...samples.map(() => null)]);
    expect(table.columns[0]).toMatchObject({ nullable: false, kind: 'int4', encoding: 'text', field: 0 });
    expect(table.columns[1]).toMatchObject({ nullable: true });
  });

  test('bytes that are wrong in their column’s character set come as they are, and never as question marks', async () => {
    const { owner, source, dataDir } = legacy;
    await owner.query(
      `create table bytes (id int primary key, a varbinary(60), b varbinary(40)) engine = myisam`,
    );
    await owner.query(`insert into bytes values (1, 0x5AFC, 0x81FFAD), (2, 0x5AC3BC, 0x93FA967B)`);
    await owner.query(
      `create table mislabelled (
         id int primary key, a varchar(20) character set utf8, b varchar(20) character set sjis
       ) engine = myisam`,
    );
    // No server lets wrong bytes in any more; old ones did, and their files are still around.
    await owner.query('flush tables');
    for (const ending of ['MYD', 'MYI'])
      await copyFile(
        path.join(dataDir, 'legacy', `bytes.${ending}`),
        path.join(dataDir, 'legacy', `mislabelled.${ending}`),
      );
    await owner.query('flush tables');
    const table = await described(source, 'mislabelled');
    expect(await allRows(source, table)).toEqual([
      ['1', Buffer.from('5afc', 'hex'), Buffer.from('81ffad', 'hex')],
      ['2', 'Zü', '日本'],
    ]);
  });

  test('what is no table, what may not be read, and what key names each row', async () => {
    const { owner, source } = legacy;
    expect(await source.describe('nowhere')).toBeUndefined();
    expect(await source.describe('no_database.nowhere')).toBeUndefined();
    expect((await described(source, 'mysql.user')).readable).toBe(true);

    const keys: readonly (readonly [string, readonly string[]])[] = [
      ['a int, b int, primary key (b, a)', ['b', 'a']],
      ['a int not null, b int not null, c int not null, unique (a, b), unique (c)', ['c']],
      ['a int, b int not null, unique (a), unique (b)', ['b']],
      ['a int, unique (a)', []],
      ['a int not null, key (a)', []],
      ['a varchar(20) not null, unique (a(5))', []],
      ['a int not null, b int as (a + 1) stored not null, unique (b)', []],
      [
        `a enum('x','y') not null, b float not null, c varbinary(4) not null, unique (a), unique (b), unique (c)`,
        [],
      ],
      ['a binary(16) primary key', ['a']],
    ];
    for (const [columns, key] of keys) {
      const sql = legacy.name === 'MariaDB' ? columns.replace('stored not null', 'stored') : columns;
      await owner.query('drop table if exists `ke``y ed`');
      await owner.query(`create table \`ke\`\`y ed\` (${sql})`);
      expect([columns, (await described(source, 'ke`y ed')).key]).toEqual([columns, key]);
    }
  });
});
