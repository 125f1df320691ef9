import type { Client } from 'pg';
import { noteOwnWrite } from '../../store/own-writes.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { MovedRows } from '../references/moved-rows.js';
import { loadReferences, referencedSteps, type Step } from '../step.js';
import { matchesKey } from '../target/key-match.js';
import { uuidText } from '../values/uuid.js';

const pageRows = 10_000;

interface Link {
  readonly id: string;
  readonly column: string;
  readonly targetId: string;
  readonly legacyTable: string;
  readonly legacyId: string;
  readonly other: string;
  readonly resolved: boolean;
  readonly key: string | undefined;
}

/**
 * References of a table to itself whose other row has come, gone, or is another one: they are open again, to be set when
 * the step is completed; what was warned of is withdrawn, and columns that lead to a row that is gone are empty. In the
 * open transaction. Rows that others have changed stay as they are.
 */
export async function reopenLostLinks(client: Client, step: Step): Promise<void> {
  const { ref, entity } = step;
  if (!referencedSteps(entity).includes(entity.step)) return;
  const moved = (await loadReferences(step, client, { own: true })).get(entity.step);
  if (!moved) return;
  await client.query({
    text: `declare settled_links no scroll cursor for
      select ctid::text as id, column_name as column, target_id as "targetId", legacy_table as "legacyTable",
        legacy_id as "legacyId", other_legacy_id as other, resolved
      from migration.links where run = $1 and step = $2 and resolved is not null`,
    values: [ref.run, entity.step],
  });
  for (;;) {
    const { rows } = await client.query<Omit<Link, 'key'>>(`fetch ${pageRows} from settled_links`);
    let links = withKeys(rows, moved);
    while (moved.isWanting) {
      await moved.loadWanted(client);
      links = withKeys(rows, moved);
    }
    const come = links.filter((link) => !link.resolved && link.key !== undefined);
    const gone: Link[] = [];
    for (const column of new Set(links.map((link) => link.column)))
      gone.push(
        ...(await emptied(
          client,
          step,
          column,
          links.filter((link) => link.resolved && link.column === column),
        )),
      );
    await reopen(client, step, [...come, ...gone]);
    if (gone.length > 0) await noteOwnWrite(client, ref.run, entity.step);
    if (rows.length < pageRows) break;
  }
  await client.query('close settled_links');
}

function withKeys(links: readonly Omit<Link, 'key'>[], moved: MovedRows): Link[] {
  return links.map((link) => {
    const found = moved.byLegacyId(link.other);
    if (!found.found) return { ...link, key: undefined };
    return { ...link, key: typeof found.key === 'string' ? found.key : uuidText(found.key) };
  });
}

/** Of links that are set, those whose column leads elsewhere than it should now; it is empty from here on. */
async function emptied(
  client: Client,
  { ref, entity, target }: Step,
  column: string,
  links: readonly Link[],
): Promise<Link[]> {
  if (links.length === 0) return [];
  const name = quoteIdent(column);
  const { rows } = await client.query<{ id: string }>(
    `update ${quoteTable(target.name)} t set ${name} = null
     from unnest($1::${target.keyKind}[], $2::text[], $3::text[]) k(key, other, id)
     where ${matchesKey(target, 't', 'k.key')} and t.${name}::text is distinct from k.other
       and t.xmin::text::bigint in (
         select unnest(xids) from migration.chunks where run = $4 and step = $5 and xids is not null
         union all select xid from migration.own_writes where run = $4 and step = $5
       )
     returning k.id`,
    [
      links.map((link) => link.targetId),
      links.map((link) => link.key ?? null),
      links.map((link) => link.id),
      ref.run,
      entity.step,
    ],
  );
  const ids = new Set(rows.map((row) => row.id));
  return links.filter((link) => ids.has(link.id));
}

async function reopen(client: Client, { ref, entity }: Step, links: readonly Link[]): Promise<void> {
  if (links.length === 0) return;
  await client.query(
    `delete from migration.warnings w
     using unnest($3::text[], $4::text[], $5::text[]) l(legacy_table, legacy_id, column_name)
     where w.run = $1 and w.step = $2 and w.legacy_table = l.legacy_table and w.legacy_id = l.legacy_id
       and w.column_name = l.column_name and w.range is null`,
    [
      ref.run,
      entity.step,
      links.map((link) => link.legacyTable),
      links.map((link) => link.legacyId),
      links.map((link) => link.column),
    ],
  );
  await client.query(
    `update migration.links set resolved = null where run = $1 and step = $2 and ctid::text = any($3)`,
    [ref.run, entity.step, links.map((link) => link.id)],
  );
}
