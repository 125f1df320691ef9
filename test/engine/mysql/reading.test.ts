import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RowDataPacket } from 'mysql2/promise';
import { expect, test, vi } from 'vitest';
import { DatabaseUrl, type SslMode } from '../../../src/config/database-url.js';
import { MigrationError } from '../../../src/contract/errors.js';
import { connect, cut, mysqlConfigOf, queryTexts } from '../../../src/engine/mysql/connect.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import type { KeyBounds, SourceDatabase } from '../../../src/engine/source/types.js';
import {
  allRows,
  collect,
  databaseUrl,
  described,
  noLimit,
  onBothServers,
  one,
  rowsOf,
} from './legacy-servers.js';

const { signal } = new AbortController();

/** Numbers from 0 to 999,999 as `n`, six digits wide. */
const digits =
  '(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)';
const numbers = `(select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d as n from ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f, ${digits} g)`;

onBothServers((legacy) => {
  test('chunks are cut by rows or bytes, whichever comes first, by the limit of the moment', async () => {
    const { owner, source } = legacy;
    await owner.query('create table cut (id int primary key, note varchar(100))');
    await owner.query(`insert into cut select n, repeat('x', 90) from ${numbers} s where n < 1000`);
    const table = await described(source, 'cut');
    const sizes = async (limit: { rows: number; bytes: number }): Promise<number[]> =>
      (await collect(source.read(table, { limit, signal }))).map(({ rows }) => rows);

    expect(await sizes({ rows: 300, bytes: 1 << 20 })).toEqual([300, 300, 300, 100]);
    expect(await sizes({ rows: 500, bytes: 1 << 20 })).toEqual([500, 500]);
    expect(await sizes(noLimit)).toEqual([1000]);
    const byBytes = await collect(source.read(table, { limit: { rows: 5000, bytes: 9000 }, signal }));
    expect(byBytes.length).toBeGreaterThan(9);
    for (const { bytes } of byBytes.slice(0, -1)) {
      expect(bytes.length).toBeGreaterThanOrEqual(9000);
      expect(bytes.length).toBeLessThan(9200);
    }

    const limit = { rows: 1, bytes: 1 << 20 };
    const seen: number[] = [];
    for await (const chunk of source.read(table, { limit, signal })) {
      seen.push(chunk.rows);
      limit.rows *= 2;
    }
    expect(seen).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 489]);
    expect((await collect(source.read(table, { limit: { rows: 1, bytes: 1 }, signal }))).length).toBe(1000);

    await owner.query('create table nothing (id int primary key)');
    expect(await allRows(source, await described(source, 'nothing'))).toEqual([]);
    expect(await source.count(table)).toBe(1000);
  });

  type Rows = (string | Buffer | null)[][];

  /**
   * The rows of a table read at once; read in pieces of one and of three rows, each with the last key of the one before
   * as its bound; and every second row looked up by its key, in reverse, one of them twice.
   */
  async function readInEveryWay(
    name: string,
  ): Promise<Record<'whole' | 'byOne' | 'byThree' | 'everySecond', Rows>> {
    const { source } = legacy;
    const table = await described(source, name);
    const whole = await allRows(source, table);
    const keyOf = (row: Rows[number] | undefined): string[] | null =>
      row ? table.key.map((key) => String(row[table.columns.findIndex((c) => c.name === key)])) : null;

    async function inPieces(size: number): Promise<Rows> {
      const rows: Rows = [];
      for (let at = 0; at <= whole.length; at += size) {
        const bounds: KeyBounds = { lower: keyOf(whole[at - 1]), upper: keyOf(whole[at + size - 1]) };
        for await (const chunk of source.read(table, { bounds, limit: noLimit, signal }))
          rows.push(...rowsOf(source, table, chunk));
      }
      return rows;
    }

    const asked = whole.flatMap((row, i) => (i % 2 === 0 ? [keyOf(row) ?? []] : []));
    const found = await source.lookup(table, [...asked.toReversed(), ...asked.slice(0, 1)], signal);
    return {
      whole,
      byOne: await inPieces(1),
      byThree: await inPieces(3),
      everySecond: rowsOf(source, table, found),
    };
  }

  test('every row comes exactly once across the borders, whatever the key is', async () => {
    const { owner } = legacy;
    await owner.query('create table by_int (id bigint primary key)');
    await owner.query(
      'insert into by_int values (-9223372036854775808), (-5), (0), (7), (9223372036854775807)',
    );
    await owner.query('create table by_unsigned (id bigint unsigned primary key)');
    await owner.query(
      'insert into by_unsigned values (0), (9007199254740993), (9007199254740992), (18446744073709551615)',
    );
    await owner.query('create table by_decimal (id decimal(30,4) primary key)');
    await owner.query(
      `insert into by_decimal values ('-1.5'), (0), ('99999999999999999999999999.0001'), ('99999999999999999999999999.0002')`,
    );

    const texts = [
      `''`,
      `'a'`,
      `'Ab'`,
      `'aB c'`,
      `'b'`,
      `'é'`,
      `'f'`,
      `'ß'`,
      `'Z''\\\\'`,
      `'zz\\n'`,
      `'ÿ'`,
      `'%'`,
      `'_'`,
    ];
    for (const [name, type] of [
      ['by_ci', 'varchar(30) character set utf8mb4 collate utf8mb4_general_ci'],
      ['by_bin', 'varchar(30) character set utf8mb4 collate utf8mb4_bin'],
      ['by_utf8', 'varchar(30) character set utf8'],
      ['by_latin1', 'varchar(30) character set latin1'],
      ['by_german', 'varchar(30) character set latin1 collate latin1_german1_ci'],
      ['by_latin2', 'char(30) character set latin2'],
    ] as const) {
      const fitting = name === 'by_latin2' ? texts.filter((text) => text !== `'ÿ'`) : texts;
      await owner.query(
        `create table ${name} (code ${type} not null, n int auto_increment, key (n), unique (code))`,
      );
      for (const text of fitting) await owner.query(`insert ignore into ${name} (code) values (${text})`);
    }
    for (const name of ['by_ci', 'by_bin'])
      await owner.query(`insert into ${name} (code) values ('😀'), ('日本')`);
    await owner.query(
      'create table by_pair (b varchar(9) collate utf8mb4_general_ci, a int, `c d` datetime(6), primary key (b, a, `c d`))',
    );
    await owner.query(
      `insert into by_pair select * from (select 'x' union all select 'Y' union all select 'z') b,
         (select -1 union all select 2 union all select 10) a,
         (select '0000-00-00' union all select '2020-02-31 00:00:00.000001' union all select '2024-01-01') c`,
    );
    await owner.query('create table by_uuid (id binary(16) primary key)');
    await owner.query(`insert into by_uuid select unhex(md5(n)) from ${numbers} s where n < 10`);
    await owner.query(`create table by_date (d date, t time, y year, primary key (d, t, y))`);
    await owner.query(
      `insert into by_date values ('0000-00-00', '-838:59:59', 0), ('0000-00-00', '-1:00:00', 0), ('2020-02-31', '0:00:00', 2024), ('2020-03-01', '0:00:00', 1999), ('2020-03-01', '0:00:00', 2024)`,
    );
    await owner.query('create table by_moment (at timestamp(3) primary key)');
    await owner.query(
      `insert into by_moment values ('2021-01-01 00:00:00.001'), ('2021-01-01 00:00:00.002'), ('2021-06-01')`,
    );

    const counts = {
      by_int: 5,
      by_unsigned: 4,
      by_decimal: 4,
      by_ci: 15,
      by_bin: 15,
      by_utf8: 13,
      by_latin1: 13,
      by_german: 13,
      by_latin2: 12,
      by_pair: 27,
      by_uuid: 10,
      by_date: 5,
      by_moment: 3,
    };
    for (const [name, count] of Object.entries(counts)) {
      const { whole, byOne, byThree, everySecond } = await readInEveryWay(name);
      expect([name, whole.length]).toEqual([name, count]);
      expect(byOne).toEqual(whole);
      expect(byThree).toEqual(whole);
      expect(everySecond).toEqual(whole.filter((_, i) => i % 2 === 0));
    }
  }, 60_000);

  test('bounds of composite keys and lookups are found in the index', async () => {
    const { owner, source } = legacy;
    await owner.query('create table wide (a int, b varchar(10), note varchar(50), primary key (a, b))');
    await owner.query(`insert into wide select n div 10, n mod 10, 'x' from ${numbers} s where n < 20000`);
    const table = await described(source, 'wide');
    const read = async (): Promise<number> => {
      const [counters] = await owner.query<RowDataPacket[]>(`show global status like 'Handler_read%'`);
      return counters.reduce((sum, counter) => sum + Number(counter['Value']), 0);
    };
    const before = await read();
    await collect(
      source.read(table, { bounds: { lower: ['1000', '5'], upper: ['1002', '5'] }, limit: noLimit, signal }),
    );
    await source.lookup(
      table,
      Array.from({ length: 1500 }, (_, i) => [String(i), '3']),
      signal,
    );
    expect((await read()) - before).toBeLessThan(3000);
  });

  test('columns can be left out, order can, and a share is even and always the same', async () => {
    const { owner, source } = legacy;
    await owner.query('create table shared (id int primary key, name varchar(20), `odd``na.me` int)');
    await owner.query(`insert into shared select n, concat('n', n), 7 from ${numbers} s where n < 50000`);
    const table = await described(source, 'shared');
    const narrow = source.only(table, ['odd`na.me', 'id']);
    const [first] = await collect(source.read(narrow, { limit: noLimit, order: false, signal }));
    expect(rowsOf(source, narrow, first as NonNullable<typeof first>)[49_999]).toEqual(['7', '49999']);

    const sample = async (share: number): Promise<string[]> =>
      (await collect(source.read(narrow, { limit: noLimit, order: false, share, signal }))).flatMap((chunk) =>
        rowsOf(source, narrow, chunk).map((row) => String(row[1])),
      );
    const tenth = await sample(0.1);
    expect(tenth.length).toBeGreaterThan(4500);
    expect(tenth.length).toBeLessThan(5500);
    expect(tenth.filter((id) => Number(id) < 25_000).length / tenth.length).toBeCloseTo(0.5, 1);
    expect(await sample(0.1)).toEqual(tenth);
    expect((await sample(1)).length).toBe(50_000);
  });

  test('a cancelled reading ends at once, and on the server too, even where it still sends nothing', async () => {
    const { owner, source } = legacy;
    await owner.query(
      'create or replace view slow as select n as id, sleep(20) as waited from (select 1 as n union all select 2) t',
    );
    await owner.query('create table endless (id int primary key, filling varchar(1000))');
    await owner.query(`insert into endless select n, repeat('x', 1000) from ${numbers} s where n < 60000`);
    const running = async (): Promise<number> =>
      Number(
        await one(
          owner,
          `select count(*) from information_schema.processlist
           where id <> connection_id() and (info like '%from \`slow\`%' or info like '%from \`endless\`%')`,
        ),
      );

    const slow = { ...(await described(source, 'slow')), key: ['id'] };
    const stop = new AbortController();
    const reading = collect(source.read(slow, { limit: noLimit, order: false, signal: stop.signal }));
    await vi.waitFor(async () => expect(await running()).toBe(1), 5000);
    const asked = performance.now();
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(performance.now() - asked).toBeLessThan(500);
    await vi.waitFor(async () => expect(await running()).toBe(0), 2000);

    // Left in the middle of the stream, without a word.
    for await (const { rows } of source.read(await described(source, 'endless'), {
      limit: { rows: 10, bytes: 1 << 20 },
      signal,
    })) {
      expect(rows).toBe(10);
      break;
    }
    await vi.waitFor(async () => expect(await running()).toBe(0), 2000);
    await expect(collect(source.read(slow, { limit: noLimit, signal: stop.signal }))).rejects.toThrow(
      'enough',
    );
  }, 60_000);

  test('what goes wrong is told as one kind of error, with what to do and without any value', async () => {
    const { owner, server, source } = legacy;
    const open = (url: string): Promise<unknown> =>
      openSource(databaseUrl(url), { connectionTimeoutMs: 2000 });
    const failure = async (work: Promise<unknown>): Promise<unknown> => {
      const told: unknown = await work.catch((error: unknown) => error);
      expect(told).toBeInstanceOf(MigrationError);
      return told;
    };
    await owner.query(`create user clerk identified by 'secret'`);
    await owner.query('create table guarded (id int primary key, name varchar(20))');
    await owner.query(`grant select (id) on legacy.guarded to clerk`);

    expect(await failure(open(server.url('legacy', { name: 'clerk', password: 'wrong-one' })))).toMatchObject(
      { code: 'ERR_001', transient: false, message: expect.not.stringContaining('wrong-one') },
    );
    expect(await failure(open(server.url('elsewhere')))).toMatchObject({ code: 'ERR_001', transient: false });
    expect(await failure(open('mysql://a:b@127.0.0.1:1/legacy'))).toMatchObject({
      code: 'ERR_001',
      transient: true,
    });

    const clerk = await openSource(databaseUrl(server.url('legacy', { name: 'clerk', password: 'secret' })), {
      connectionTimeoutMs: 2000,
    });
    try {
      expect((await described(clerk, 'shared')).readable).toBe(false);
      expect((await described(clerk, 'guarded')).columns.map(({ name }) => name)).toEqual(['id']);
      const table = await described(source, 'guarded');
      expect(await failure(clerk.count(await described(source, 'shared')))).toMatchObject({
        code: 'ERR_002',
      });
      expect(await failure(collect(clerk.read(table, { limit: noLimit, signal })))).toMatchObject({
        code: 'ERR_002',
        transient: false,
      });
    } finally {
      await clerk.close();
    }

    const reading = collect(
      source.read({ ...(await described(source, 'slow')), key: ['id'] }, { limit: noLimit, signal }),
    );
    const told = failure(reading);
    const find = `select id from information_schema.processlist where info like '%from \`slow\`%' and id <> connection_id()`;
    await vi.waitFor(async () => expect(await one(owner, find)).toBeDefined(), 5000);
    await owner.query(`kill ${String(await one(owner, find))}`);
    expect(await told).toMatchObject({
      code: expect.stringMatching(/ERR_00[16]/),
      transient: true,
      place: { server: 'source' },
    });
  }, 60_000);

  test('a session cannot write, and is encrypted where that is asked for', async () => {
    const { owner, server, name } = legacy;
    await owner.query('create table untouched (id int primary key)');
    const plain = databaseUrl(server.url('legacy'));
    const timeout = { connectionTimeoutMs: 2000 };
    const connection = await connect(mysqlConfigOf(plain, timeout));
    try {
      await expect(queryTexts(connection, 'insert into untouched values (1)')).rejects.toThrow(/READ ONLY/i);
    } finally {
      cut(connection);
    }

    const { dialect, host, port, database, user, channelBinding, options } = plain;
    const withMode = (sslMode: SslMode): DatabaseUrl =>
      new DatabaseUrl(
        plain.reveal(),
        { dialect, host, port, database, user, channelBinding, options, sslMode },
        plain.credentials(),
      );
    const refused = { code: 'ERR_001', transient: false };
    await expect(openSource(withMode('verify-full'), timeout)).rejects.toMatchObject(refused);
    const opened = await openSource(withMode('require'), timeout).catch((error: unknown) => error);
    // The MariaDB of the tests has no certificate, and then nothing is sent in the clear.
    const encrypts = { MySQL: { close: expect.any(Function) }, MariaDB: refused };
    expect(opened).toMatchObject(encrypts[name]);
    if (!(opened instanceof Error)) await (opened as SourceDatabase).close();
  });

  test('a cell larger than a packet arrives whole', async () => {
    const { owner, source } = legacy;
    await owner.query('create table huge (id int primary key, text longtext, after int)');
    await owner.query(`insert into huge values (1, repeat('é', 10000000), 7), (2, repeat('x', 16777215), 8)`);
    const table = await described(source, 'huge');
    const chunks = await collect(source.read(table, { limit: { rows: 10, bytes: 1000 }, signal }));
    expect(chunks.map(({ rows }) => rows)).toEqual([1, 1]);
    const [[, first, seven] = [], [, second, eight] = []] = chunks.flatMap((chunk) =>
      rowsOf(source, table, chunk),
    );
    expect([first === 'é'.repeat(10_000_000), seven, second === 'x'.repeat(16_777_215), eight]).toEqual([
      true,
      '7',
      true,
      '8',
    ]);
  });

  test('200,000 rows go through bounded memory while their consumer is slow', async () => {
    const { owner, source } = legacy;
    await owner.query(
      'create table many (id int primary key, a varchar(50), b varchar(400), c decimal(12,2), d datetime)',
    );
    await owner.query(
      `insert into many select n, concat('sku-', n), repeat(char(97 + n mod 26), 300), n / 7, '2024-01-01' from ${numbers} s where n < 200000`,
    );
    const table = await described(source, 'many');
    const before = inUse();
    let most = 0;
    let chunks = 0;
    let rows = 0;
    let bytes = 0;
    let row = -1;
    for await (const chunk of source.read(table, { limit: { rows: 5000, bytes: 1 << 20 }, signal })) {
      rows += chunk.rows;
      bytes += chunk.bytes.length;
      const [first] = rowsOf(source, table, { ...chunk, rows: 1 });
      expect(Number(first?.[0])).toBeGreaterThan(row);
      row = Number(first?.[0]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      // Now and then: what is garbage is nobody's memory, and collecting it takes a while.
      if (++chunks % 10 === 0) most = Math.max(most, inUse() - before);
    }
    expect(rows).toBe(200_000);
    expect(bytes).toBeGreaterThan(65e6);
    expect(chunks).toBeGreaterThan(30);
    expect(most).toBeLessThan(24e6);
  }, 60_000);
});

/** Bytes that are really in use: what can be collected is, before they are counted. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  // Buffers are freed by another thread, which counts as done when the next collection begins.
  collectGarbage();
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
