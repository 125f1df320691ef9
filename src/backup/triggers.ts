/** Users' triggers of tables that are filled with rows whose triggers have run before. */
import { quoteIdent, quoteName } from '../store/quote.js';
import type { Relation } from './relations.js';
import type { Transaction } from './transaction.js';

export interface EnabledTrigger {
  readonly relation: Relation;
  readonly name: string;
  /** the catalog's word: fires in O(rigin), R(eplica) or A(ll) connections */
  readonly mode: 'O' | 'R' | 'A';
}

const enable: Readonly<Record<EnabledTrigger['mode'], string>> = {
  O: 'enable trigger',
  R: 'enable replica trigger',
  A: 'enable always trigger',
};

/** Disables all triggers that fire, until `enableTriggers` or the end of a transaction that is rolled back. */
export async function disableTriggers(
  transaction: Transaction,
  relations: readonly Relation[],
): Promise<EnabledTrigger[]> {
  const rows = await transaction.query<{ oid: number; name: string; mode: EnabledTrigger['mode'] }>(
    `select tgrelid as oid, tgname as name, tgenabled as mode from pg_trigger
     where tgrelid = any ($1::oid[]) and not tgisinternal and tgenabled <> 'D'`,
    [relations.map((relation) => relation.oid)],
  );
  const triggers = rows.flatMap(({ oid, name, mode }) =>
    relations.filter((relation) => relation.oid === oid).map((relation) => ({ relation, name, mode })),
  );
  for (const trigger of triggers) await alter(transaction, trigger, 'disable trigger');
  return triggers;
}

/** Gives each trigger the mode it had. */
export async function enableTriggers(
  transaction: Transaction,
  triggers: readonly EnabledTrigger[],
): Promise<void> {
  for (const trigger of triggers) await alter(transaction, trigger, enable[trigger.mode]);
}

async function alter(
  transaction: Transaction,
  { relation, name }: EnabledTrigger,
  action: string,
): Promise<void> {
  const table = quoteName(relation.schema, relation.table);
  await transaction.query(`alter table ${table} ${action} ${quoteIdent(name)}`);
}
