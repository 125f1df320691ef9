import fc from 'fast-check';
import { to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateRow, RowSplitter } from '../../../src/engine/postgres/split-rows.js';
import { RawRow, type SourceColumn, type WireKind } from '../../../src/engine/row.js';
import { TupleWriter } from '../../../src/engine/target/tuple-writer.js';
import { parseDecimal } from '../../../src/engine/values/decimal.js';
import { parseJson } from '../../../src/engine/values/json-parse.js';
import { jsonText } from '../../../src/engine/values/json-text.js';
import { writeNumeric } from '../../../src/engine/values/pg-numeric.js';
import { timeZone } from '../../../src/engine/values/time-zone.js';
import { parseTimestamp } from '../../../src/engine/values/timestamp.js';
import { textOf } from '../../../src/engine/values/wire-text.js';
import { truthServer, type TruthServer } from './server.js';

let server: TruthServer;
beforeAll(async () => {
  server = await truthServer();
}, 60_000);
afterAll(() => server.close());

const awkward: Partial<Record<WireKind, readonly string[]>> = {
  numeric: [
    '0',
    '0.00',
    '-0.5',
    '1',
    '10000',
    '9999.9999',
    '1.10',
    '0.00001',
    '0.000010',
    '123456789012345678901234567890.123456789',
    '-99999999.99',
    '1e400',
    '1e-400',
    'NaN',
    'Infinity',
    '-Infinity',
    '100000000',
    '0.0001',
    '12345.6789',
  ],
  timestamp: [
    '2000-01-01',
    '1999-12-31 23:59:59.999999',
    '0001-01-01 00:00:00.1',
    '0044-03-15 12:00:00.000001 BC',
    '4714-11-24 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
    '12345-06-07 08:09:10.12',
    'infinity',
    '-infinity',
  ],
  timestamptz: [
    '2024-02-29 23:59:59.5+05:30',
    '0001-01-01 00:00:00+00',
    '0001-12-31 23:00:00+00 BC',
    'infinity',
    '-infinity',
  ],
  date: [
    '2000-01-01',
    '0001-01-01',
    '0001-12-31 BC',
    '5874897-12-31',
    '4714-11-24 BC',
    'infinity',
    '-infinity',
    '1900-02-28',
  ],
  uuid: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '00000000-0000-0000-0000-000000000000'],
  bool: ['true', 'false'],
  int2: ['-32768', '32767', '0'],
  int4: ['-2147483648', '2147483647', '-1'],
  int8: ['-9223372036854775808', '9223372036854775807', '-1', '4294967296'],
  text: ['', ' spaces ', 'tab\tnewline\n\\.', '𝄞 ü €', '\\N'],
  json: ['{"a":  1, "a": 2}', '[1.10,1e2]', 'null'],
  jsonb: ['{"bb": 1, "a": [1, 2.50, {"ü": "\\u001f"}]}', 'null', '1e2', '"x"'],
};

describe('text of what PostgreSQL sends in binary', () => {
  it.each(Object.entries(awkward))('%s reads as the server prints it', async (kind, values) => {
    const { client } = server;
    await client.query(`create temp table awkward as select v::${kind} as v from unnest($1::text[]) v`, [
      values,
    ]);
    try {
      const printed = (await client.query<{ v: string }>('select v::text as v from awkward')).rows.map(
        ({ v }) => v,
      );
      const stream = client.query(copyTo('copy awkward to stdout (format binary)'));
      const splitter = new RowSplitter({ rows: 1000, bytes: 1 << 20 });
      const chunks = [];
      for await (const data of stream) chunks.push(...splitter.push(data as Buffer));
      chunks.push(...splitter.finish());
      const row = new RawRow(1);
      const column: SourceColumn = {
        name: 'v',
        type: kind,
        kind: kind as WireKind,
        encoding: 'pg-binary',
        nullable: true,
        field: 0,
      };
      const read = textOf(column);
      const texts = chunks.flatMap((chunk) =>
        Array.from({ length: chunk.rows }, (_, i) => {
          locateRow(chunk, i, row);
          return read(row);
        }),
      );
      expect(texts).toEqual(printed);
    } finally {
      await client.query('drop table awkward');
    }
  });
});

/** What the server itself sends for the values as a binary field. */
async function binaryField(sql: string, values: unknown[]): Promise<string> {
  const { rows } = await server.client.query<{ hex: string }>(sql, values);
  return rows[0]?.hex ?? '';
}

describe('numeric as PostgreSQL sends it', () => {
  it('has the very bytes of numeric_send at the target scale', async () => {
    const cases = [
      '0',
      '0.00',
      '-0.5',
      '1',
      '10000',
      '10000.1',
      '0.0001',
      '99999999.99',
      '-12345.678',
      '100000000',
      '7.5',
    ];
    for (const value of cases) {
      const out = new TupleWriter(64);
      const decimal = parseDecimal(value);
      if (decimal === undefined) throw new Error(value);
      writeNumeric(out, decimal, 5);
      const sent = await binaryField(`select encode(numeric_send($1::numeric(30,5)), 'hex') as hex`, [value]);
      expect(out.bytes.toString('hex', 4, out.position), value).toBe(sent);
    }
  });
});

describe('JSON as PostgreSQL prints jsonb', () => {
  const printed = async (texts: readonly string[]): Promise<string[]> =>
    (
      await server.client.query<{ v: string }>(
        'select v::jsonb::text as v from unnest($1::text[]) with ordinality t(v, n) order by n',
        [texts],
      )
    ).rows.map(({ v }) => v);

  it.each([
    '{"a":1,"b":[1,2]}',
    '{"bb":1,"a":2,"ü":3,"":4,"aa":5}',
    '{"\\ud83d\\ude00":1,"\\uffff\\u0041":2,"zzzz":3}',
    '1e2',
    '1.10',
    '-0',
    '-0.0',
    '-0.00e5',
    '1E-5',
    '1.5e3',
    '1.50e1',
    '12e-1',
    '0e5',
    '0.00e1',
    '9007199254740993',
    '1e400',
    '1e131071',
    '123.456e-7',
    '120e-1',
    '0e-3',
    '"\\/\\b\\f\\n\\r\\t\\u001f\\u007f\\"\\\\ü\\u00e9"',
    '[]',
    '{}',
    '[[],{},null,true,false]',
    ' [ 1 , 2 ] ',
  ])('%s', async (json) => {
    expect([jsonText(parseJson(json))]).toEqual(await printed([json]));
  });

  it('whatever the document', async () => {
    const number = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.integer({ min: 0, max: 99999 }),
        fc.option(fc.stringMatching(/^\d{1,8}$/)),
        fc.option(fc.integer({ min: -30, max: 30 })),
      )
      .map(
        ([sign, whole, fraction, power]) =>
          `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`,
      );
    const string = fc
      .string({ unit: 'grapheme' })
      .filter((s) => !s.includes('\0'))
      .map((s) => JSON.stringify(s));
    const { document } = fc.letrec<{ document: string }>((tie) => ({
      document: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('null', 'true', 'false'),
        number,
        string,
        fc.array(tie('document')).map((items) => `[${items.join(',')}]`),
        fc
          .uniqueArray(fc.tuple(string, tie('document')), { selector: ([key]) => JSON.parse(key) as string })
          .map((entries) => `{${entries.map(([key, value]) => `${key}:${value}`).join(',')}}`),
      ),
    }));
    const texts = fc.sample(document, { numRuns: 1000, seed: 7 });
    expect(texts.map((json) => jsonText(parseJson(json)))).toEqual(await printed(texts));
  });

  it('refuses the numbers that the server refuses', async () => {
    for (const json of ['1e131072', '1e-16384', '1e999999999']) {
      await expect(printed([json])).rejects.toThrow(/overflow|out of range|invalid/);
      expect(() => jsonText(parseJson(json))).toThrow('beyond what PostgreSQL can hold');
    }
  });
});

describe('local times', () => {
  const minute = 60;
  it.each([
    ['Europe/Berlin', 1893, 2400],
    ['America/New_York', 1970, 2600],
    ['Europe/London', 1970, 2040],
    ['Europe/Dublin', 1972, 2040],
    ['Australia/Lord_Howe', 1985, 2040],
    ['Europe/Moscow', 1985, 2030],
    ['Asia/Kolkata', 1970, 2030],
    ['Africa/Casablanca', 1985, 2080],
    ['America/Sao_Paulo', 1970, 2030],
    ['Pacific/Apia', 1980, 2030],
    ['Asia/Tehran', 1980, 2030],
  ])('of %s get the answer of AT TIME ZONE, changes of the clocks included', async (name, from, to) => {
    const zone = timeZone(name);
    const times: string[] = [];
    const add = (seconds: number): void => {
      times.push(new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' '));
    };
    for (let year = from; year <= to; year += year < 2030 ? 1 : 37) {
      const start = Date.UTC(year, 0, 1) / 1000;
      let previous = zone.offsetAtLocal(start - 946_684_800);
      for (let hour = 0; hour < 365 * 24; hour += 6) {
        const local = start + hour * 3600;
        const offset = zone.offsetAtLocal(local - 946_684_800);
        if (offset === previous) continue;
        previous = offset;
        for (let m = -8 * 60; m <= 3 * 60; m += 15) add(local + m * minute);
      }
      for (let i = 0; i < 12; i++) add(start + i * 30 * 86_400 + 7919 * i);
    }
    const { rows } = await server.client.query<{ micros: string }>(
      `select (extract(epoch from v::timestamp at time zone $2) * 1000000 - 946684800000000)::bigint::text as micros
       from unnest($1::text[]) with ordinality t(v, n) order by n`,
      [times, name],
    );
    const ours = times.map((time) => {
      const written = parseTimestamp(time);
      return written?.kind === 'moment' ? zone.toUtc(written.micros).toString() : undefined;
    });
    const wrong = times.filter((_, i) => ours[i] !== rows[i]?.micros);
    expect(wrong).toEqual([]);
    expect(times.length).toBeGreaterThan(300);
  });

  it('keep microseconds, the first century and the years before any zone', async () => {
    const zone = timeZone('America/New_York');
    for (const time of [
      '0001-01-01 00:00:00.000001',
      '1850-06-01 12:00:00',
      '9999-07-01 00:00:00.999999',
      '0044-03-15 00:00:00 BC',
    ]) {
      const written = parseTimestamp(time);
      if (written?.kind !== 'moment') throw new Error(time);
      const { rows } = await server.client.query<{ utc: string }>(
        `select ((extract(epoch from $1::timestamp at time zone 'America/New_York') - 946684800) * 1000000)::bigint::text as utc`,
        [time],
      );
      expect(zone.toUtc(written.micros).toString(), time).toBe(rows[0]?.utc);
    }
  });
});
