import { expect, it } from 'vitest';
import { entity, keep, source, text } from '../../../src/plan/builder.js';
import { numbers, type EngineName } from './engines.js';
import { rejectsOf, stepOf, type Part } from './part.js';

const plain = 1_500;

/** Bytes of a column that says of itself that it is UTF-8, or of a database that says nothing. */
const odd: readonly (readonly [hex: string, what: string, becomes: string | RegExp])[] = [
  ['5ac3bc', 'UTF-8', 'Zü'],
  ['5afc', 'latin1 that is declared to be UTF-8', /not valid UTF-8/],
  ['f09f9880', 'a character of four bytes', '😀'],
  ['eda080', 'half of a surrogate pair', /not valid UTF-8/],
  ['c0af', 'a slash in too many bytes', /not valid UTF-8/],
  ['61e2', 'a character that is cut off', /not valid UTF-8/],
  ['fffe', 'no characters at all', /not valid UTF-8/],
  ['5c78356166', 'text that looks like bytes', '\\x5af'],
];

/**
 * Text whose bytes are none, in rows in the middle of a table: of a PostgreSQL database of SQL_ASCII, and of a table of
 * MySQL or MariaDB that an old server has written. Those rows are rejected, all others move.
 */
export function bytesPart(engine: EngineName): Part {
  const id = (i: number): number => plain / 2 + i;
  return {
    entities: [
      entity({
        step: 'odd-bytes',
        label: 'odd bytes',
        sources: [source('odd_bytes', [keep('id'), text('name'), text('other')])],
      }),
    ],
    tables: ['create table odd_bytes (id integer primary key, name text, other text)'],

    async seed(legacy, copyRows) {
      const mysql = engine !== 'postgres';
      const columns = (type: string) =>
        `(id integer primary key, name ${type}, other varchar(20)) ${mysql ? 'engine = myisam' : ''}`;
      const filled = mysql ? 'written' : 'odd_bytes';
      await legacy.run(`create table ${filled} ${columns(mysql ? 'varbinary(60)' : 'text')}`);
      await legacy.run(
        `insert into ${filled} select case when n < ${plain / 2} then n else n + 100 end, concat('name ', n), 'other'
         from ${numbers} s where n < ${plain}`,
      );
      for (const [i, [hex]] of odd.entries()) {
        const bytes = mysql ? `0x${hex}` : `e'${hex.replaceAll(/../g, (byte) => `\\x${byte}`)}'`;
        await legacy.run(`insert into ${filled} values (${id(i)}, ${bytes}, 'other')`);
      }
      if (!mysql) return;
      await legacy.run(`create table odd_bytes ${columns('varchar(20) character set utf8')}`);
      await copyRows('written', 'odd_bytes');
    },

    prove(run) {
      const bad = odd.filter(([, , becomes]) => becomes instanceof RegExp);

      it('bytes that are no text keep their own rows out, and no other', async () => {
        expect(stepOf(run(), 'odd-bytes')).toMatchObject({
          read: plain + odd.length,
          migrated: plain + odd.length - bad.length,
          rejected: bad.length,
          differences: 0,
        });
        const [found] = await run().target(
          `select count(*)::int as rows from odd_bytes where name like 'name %' and other = 'other'`,
        );
        expect(found).toEqual({ rows: plain });
      });

      it.each(odd.map(([hex, what, becomes], i) => ({ hex, what, becomes, key: id(i) })))(
        'bytes: $what',
        async ({ hex, becomes, key }) => {
          const moved = await run().target('select name from odd_bytes where id = $1', [key]);
          const reject = (await rejectsOf(run(), 'odd_bytes')).find((one) => one.id === String(key));
          const expected =
            typeof becomes === 'string'
              ? { moved: [{ name: becomes }], code: undefined, column: undefined, original: undefined }
              : {
                  moved: [],
                  code: 'ERR_003',
                  column: 'name',
                  original: { id: String(key), name: `\\x${hex}`, other: 'other' },
                };
          const { code, column, original, reason = '' } = reject ?? {};
          expect({ moved, code, column, original }).toEqual(expected);
          expect(reason).toMatch(typeof becomes === 'string' ? /^$/ : becomes);
        },
      );
    },
  };
}
