import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import type { Step } from '../step.js';
import { matchesKey } from '../target/key-match.js';
import { changedInChunk } from '../undo/changed-rows.js';
import { foreignKeysTo, type ForeignKeyTo } from '../undo/foreign-keys-to.js';
import { statement } from '../undo/rows-that-go.js';

/**
 * Locks rows of a chunk until the open transaction ends. Answers, for those that are there, whether others have changed
 * them since the run wrote them.
 */
export async function lockRows(
  client: Client,
  { ref, entity, target }: Step,
  xids: readonly string[] | null,
  keys: readonly string[],
): Promise<Map<string, boolean>> {
  if (keys.length === 0) return new Map();
  const changed = changedInChunk(ref.run, entity.step, xids);
  const { rows } = await client.query<{ key: string; changed: boolean | null }>(
    statement(
      (bind) => `
        select k.key::text as key, ${changed(bind)} as changed
        from unnest(${bind(keys)}::${target.keyKind}[]) k(key)
        join ${quoteTable(target.name)} t on ${matchesKey(target, 't', 'k.key')}
        for update of t`,
    ),
  );
  return new Map(rows.map((row) => [row.key, row.changed === true]));
}

/** A column of a step that refers to rows of another, or of the same. */
export interface ReferringColumn {
  readonly step: string;
  readonly table: string;
  readonly column: string;
}

/** The columns of these steps that refer to rows of the step, by the plan. */
export function referringColumns({ plan, entity }: Step, steps: readonly string[]): ReferringColumn[] {
  const found = new Map<string, ReferringColumn>();
  for (const child of plan.entities)
    if (steps.includes(child.step))
      for (const source of child.sources)
        for (const [column, rule] of Object.entries(source.columns))
          if (rule.kind === 'reference' && rule.to === entity.step)
            found.set(`${child.step} ${column}`, { step: child.step, table: child.table, column });
  return [...found.values()];
}

/**
 * Of rows that would go, the keys of those that others have built upon: some row refers to them that is not of the run,
 * or that others have changed since. Rows of the steps in `own` are the run's, and come in line by themselves.
 */
export async function builtUpon(
  client: Client,
  step: Step,
  keys: readonly string[],
  own: readonly ReferringColumn[],
): Promise<Set<string>> {
  const found = new Set<string>();
  if (keys.length === 0) return found;
  for (const column of own)
    for (const key of await referredByOthers(client, step, keys, column)) found.add(key);
  const ownColumns = new Set(own.map(({ table, column }) => `${table} ${column}`));
  for (const key of await foreignKeysTo(client, step.entity.table))
    // A column that the plan does not fill was filled by somebody else, in the run's own rows too.
    if (!key.columns.every(({ child }) => ownColumns.has(`${key.childTable} ${child}`)))
      for (const referred of await referredBy(client, step, keys, key)) found.add(referred);
  return found;
}

async function referredByOthers(
  client: Client,
  { ref, target }: Step,
  keys: readonly string[],
  { step, table, column }: ReferringColumn,
): Promise<string[]> {
  const { rows } = await client.query<{ key: string }>(
    `select distinct k.key::text as key from unnest($1::${target.keyKind}[]) k(key)
     join ${quoteTable(table)} c on c.${quoteIdent(column)} = k.key
     where c.xmin::text::bigint not in (
       select unnest(xids) from migration.chunks where run = $2 and step = $3 and xids is not null
       union all select xid from migration.own_writes where run = $2 and step = $3
     )`,
    [keys, ref.run, step],
  );
  return rows.map((row) => row.key);
}

async function referredBy(
  client: Client,
  { target }: Step,
  keys: readonly string[],
  key: ForeignKeyTo,
): Promise<string[]> {
  const joined = key.columns.map(({ child, parent }) => `c.${quoteIdent(child)} = p.${quoteIdent(parent)}`);
  const { rows } = await client.query<{ key: string }>(
    `select distinct k.key::text as key from unnest($1::${target.keyKind}[]) k(key)
     join ${quoteTable(target.name)} p on ${matchesKey(target, 'p', 'k.key')}
     join ${key.child} c on ${joined.join(' and ')}`,
    [keys],
  );
  return rows.map((row) => row.key);
}
