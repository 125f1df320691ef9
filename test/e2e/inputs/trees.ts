import { expect, it } from 'vitest';
import { entity, keep, reference, source, text } from '../../../src/plan/builder.js';
import { numbers } from './engines.js';
import { stepOf, type Part } from './part.js';

const rows = 1_500;

/** Rows that refer to rows of their own table: to the next one each, in circles, to themselves, to nothing. */
export function treesPart(): Part {
  return {
    entities: [
      entity({
        step: 'tree-nodes',
        label: 'nodes',
        sources: [
          source('tree_nodes', [
            keep('id'),
            text('name'),
            reference('parent_id', { to: 'tree-nodes', id: 'parent', missing: 'null', label: 'parent' }),
          ]),
        ],
      }),
    ],
    tables: [
      'create table tree_nodes (id integer primary key, name text, parent_id integer references tree_nodes)',
    ],
    async seed(legacy) {
      await legacy.run('create table tree_nodes (id integer primary key, name varchar(20), parent integer)');
      await legacy.run(
        `insert into tree_nodes select n, concat('node ', n), case when n < ${rows - 1} then n + 1 end
         from ${numbers} s where n < ${rows}`,
      );
      await legacy.run(
        `insert into tree_nodes values (10001, 'itself', 10001), (10002, 'circle', 10003), (10003, 'circle', 10004),
           (10004, 'circle', 10002), (10005, 'nowhere', 77777)`,
      );
    },
    prove(run) {
      it('children before their parents, circles and rows that are their own parents all find what they refer to', async () => {
        expect(stepOf(run(), 'tree-nodes')).toMatchObject({
          migrated: rows + 5,
          rejected: 0,
          differences: 0,
        });
        const [chain] = await run().target(
          `select count(*)::int as rows from tree_nodes where id < ${rows - 1} and parent_id = id + 1`,
        );
        expect(chain).toEqual({ rows: rows - 1 });
        expect(
          await run().target('select id, parent_id as parent from tree_nodes where id > 10000 order by id'),
        ).toEqual([
          { id: 10001, parent: 10001 },
          { id: 10002, parent: 10003 },
          { id: 10003, parent: 10004 },
          { id: 10004, parent: 10002 },
          { id: 10005, parent: null },
        ]);
        expect(
          await run().target(
            `select legacy_id as id, column_name as "column" from migration.warnings where legacy_table = 'tree_nodes'`,
          ),
        ).toEqual([{ id: '10005', column: 'parent_id' }]);
      });
    },
  };
}
