import type { Client } from 'pg';
import type { Entity } from '../../plan/model.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { noteOwnWrite } from '../../store/own-writes.js';
import { inTransaction } from '../../store/transaction.js';
import type { MovedRows } from '../references/moved-rows.js';
import type { TargetTable } from '../target/describe-target.js';
import { uuidText } from '../values/uuid.js';

/** Links of one transaction. */
const pageSize = 10_000;

/**
 * Sets the references of an entity to itself, now that all its rows are in and it is known which ones did not come. A
 * row whose other row did not move keeps null and gets a warning; which one it named stays in `migration.links`.
 */
export async function setOwnLinks(
  client: Client,
  run: string,
  entity: Entity,
  target: TargetTable,
  moved: MovedRows,
  progress: (done: number) => void,
): Promise<void> {
  let done = 0;
  for (;;) {
    const { rows } = await client.query<{
      id: string;
      column: string;
      targetId: string;
      legacyTable: string;
      legacyId: string;
      other: string;
    }>(
      `select ctid::text as id, column_name as column, target_id as "targetId", legacy_table as "legacyTable",
         legacy_id as "legacyId", other_legacy_id as other
       from migration.links where run = $1 and step = $2 and resolved is null limit ${pageSize}`,
      [run, entity.step],
    );
    if (rows.length === 0) return;
    await inTransaction(client, async () => {
      const find = () =>
        rows.flatMap((link) => {
          const { found: isIn, key } = { key: undefined, ...moved.byLegacyId(link.other) };
          return isIn && key !== undefined
            ? [{ ...link, key: typeof key === 'string' ? key : uuidText(key) }]
            : [];
        });
      let found = find();
      while (moved.isWanting) {
        await moved.loadWanted(client);
        found = find();
      }
      for (const column of new Set(found.map((link) => link.column)))
        await setColumn(
          client,
          entity,
          target,
          column,
          found.filter((link) => link.column === column),
        );
      if (found.length > 0) await noteOwnWrite(client, run, entity.step);
      const foundIds = new Set(found.map((link) => link.id));
      const lost = rows.filter((link) => !foundIds.has(link.id));
      await client.query(
        `insert into migration.warnings (run, step, legacy_table, legacy_id, column_name, reason)
         select $1, $2, w.*, 'it refers to a row of its own table that did not move; left empty'
         from unnest($3::text[], $4::text[], $5::text[]) w`,
        [
          run,
          entity.step,
          lost.map((link) => link.legacyTable),
          lost.map((link) => link.legacyId),
          lost.map((link) => link.column),
        ],
      );
      await client.query(
        `update migration.links l set resolved = not (l.ctid::text = any($3::text[]))
         where l.run = $1 and l.step = $2 and l.ctid::text = any($4::text[])`,
        [run, entity.step, lost.map((link) => link.id), rows.map((link) => link.id)],
      );
    });
    done += rows.length;
    progress(done);
  }
}

async function setColumn(
  client: Client,
  entity: Entity,
  target: TargetTable,
  column: string,
  links: readonly { targetId: string; key: string }[],
): Promise<void> {
  const key = entity.key[0] as string;
  const typeOf = (name: string) =>
    target.columns.find((candidate) => candidate.name === name)?.type ?? 'text';
  await client.query(
    `update ${quoteTable(entity.table)} t set ${quoteIdent(column)} = l.other
     from unnest($1::${typeOf(key)}[], $2::${typeOf(column)}[]) l(id, other) where t.${quoteIdent(key)} = l.id`,
    [links.map((link) => link.targetId), links.map((link) => link.key)],
  );
}
