import { escapeIdentifier } from 'pg';
import { expect, it } from 'vitest';
import { document, entity, keep, leftovers, source, text } from '../../../src/plan/builder.js';
import { numbers, type EngineName } from './engines.js';
import { rejectsOf, stepOf, type Part } from './part.js';

/** Names as people have made them, of a legacy column and of the target column that it moves into. */
const columns: readonly (readonly [legacy: string, target: string])[] = [
  ['order', 'group'],
  ['select', 'user'],
  ['Mixed Case', 'mixed Case'],
  ['quo"te', `tick\`s and "quotes"`],
  ['tick`s', `it's`],
  ['semi;colon -- comment', 'drop table x; --'],
  ['größe', '寸法'],
  // MySQL has none but the characters of the first plane in its names.
  ['☃', 'emoji 📦'],
  ['%s $1 :name ?', '$2'],
  ['back\\slash', 'back\\slash'],
  ['__proto__', 'constructor'],
];
/** A name of as many bytes as PostgreSQL can have. */
const long = `${'ä'.repeat(31)}x`;

/** Legacy and target tables, keys and columns with names that have to be quoted everywhere. */
export function namesPart(engine: EngineName): Part {
  const legacyTable = engine === 'postgres' ? 'Group "by" Straße; --' : 'Group `by` Straße; --';
  const targetTable = `"Order" 表'; --`;
  const all = [...columns, [long, long] as const];
  return {
    entities: [
      entity({
        step: 'odd-names',
        label: 'odd names',
        table: targetTable,
        key: ['primary Key'],
        sources: [
          source(legacyTable, [
            keep('primary Key', { from: 'Table' }),
            ...all.map(([from, to]) => text(to, { from, max: 20 })),
            document('rest of it', { legacy: leftovers({}) }),
          ]),
        ],
      }),
    ],
    tables: [
      `create table ${escapeIdentifier(targetTable)} ("primary Key" integer primary key, ${all
        .map(([, to]) => `${escapeIdentifier(to)} text`)
        .join(', ')}, "rest of it" jsonb)`,
    ],
    async seed(legacy) {
      const quote = (name: string): string => legacy.quote(name);
      const names = all.map(([from]) => quote(from));
      const type = engine === 'postgres' ? 'text' : 'varchar(60)';
      await legacy.run(
        `create table ${quote(legacyTable)} (${quote('Table')} integer primary key, ${names.map((name) => `${name} ${type}`).join(', ')}, ${quote('left "over"')} ${type})`,
      );
      await legacy.run(
        `insert into ${quote(legacyTable)} select n, ${names.map((_, i) => `concat('v${i} ', n)`).join(', ')}, 'rest' from ${numbers} s where n < 1500`,
      );
      await legacy.run(
        `insert into ${quote(legacyTable)} (${quote('Table')}, ${quote(long)}, ${quote('__proto__')}) values (9999, 'a text that is longer than it may be', 'here')`,
      );
    },
    prove(run) {
      it('names that are words of SQL, have spaces, quotes, code or no ASCII are names', async () => {
        expect(stepOf(run(), 'odd-names')).toMatchObject({ migrated: 1500, rejected: 1, differences: 0 });
        const [row] = await run().target(
          `select * from ${escapeIdentifier(targetTable)} where "primary Key" = 1234`,
        );
        expect(row).toEqual({
          'primary Key': 1234,
          ...Object.fromEntries(all.map(([, to], i) => [to, `v${i} 1234`])),
          'rest of it': { legacy: { leftOver: 'rest' } },
        });
        const [reject] = await rejectsOf(run(), legacyTable);
        expect(reject).toMatchObject({ id: '9999', code: 'ERR_003', column: long });
        expect(Object.entries(reject?.original ?? {})).toContainEqual(['__proto__', 'here']);
        expect(reject?.original[long]).toBe('a text that is longer than it may be');
      });
    },
  };
}
