import { quoteName } from '../store/quote.js';
import { tally } from './checksum.js';
import { describeRelations, type Relation, type SequenceState } from './relations.js';
import { inTransaction, type Transaction } from './transaction.js';
import { columnNames } from './stored-table.js';
import type { Database, Tally, Watch } from './types.js';

export interface FingerprintOptions extends Watch {
  readonly target: Database;
  /** the schema of the tables; `public` when left out */
  readonly schema?: string;
  readonly tables: readonly string[];
}

/** What the tables are at one instant, as plain data: two of them tell whether anything has changed between. */
export interface Fingerprint {
  readonly schema: string;
  readonly tables: readonly TableFingerprint[];
}

export type TableFingerprint =
  | { readonly table: string; readonly exists: false }
  | ({
      readonly table: string;
      readonly exists: true;
      readonly sequences: readonly SequenceState[];
      /** by kind and name */
      readonly definitions: readonly Definition[];
    } & Tally);

/** Something a table is made of, with the SQL that describes it. */
export interface Definition {
  readonly kind: 'column' | 'constraint' | 'index' | 'trigger';
  readonly name: string;
  readonly sql: string;
}

/** Takes the fingerprint of the tables, all as of one instant. A missing table is part of it. */
export async function fingerprint(options: FingerprintOptions): Promise<Fingerprint> {
  const { target, schema = 'public', tables, signal, progress } = options;
  return inTransaction(target, 'snapshot', { schema, signal }, async (transaction) => {
    const relations = await describeRelations(transaction, schema, tables);
    const found: TableFingerprint[] = [];
    for (const [done, table] of tables.entries()) {
      const relation = relations.find((candidate) => candidate.table === table);
      if (relation === undefined) {
        found.push({ table, exists: false });
        continue;
      }
      progress({ doing: 'comparing', table, done, of: tables.length, bytes: 0 });
      found.push({
        table,
        exists: true,
        ...(await tally(transaction, relation.from, columnNames(relation.columns))),
        sequences: relation.sequences,
        definitions: await definitionsOf(transaction, relation),
      });
    }
    return { schema, tables: found };
  });
}

/** Column order is left out: it means nothing to those who name their columns, and a rebuilt table may differ in it. */
function columnDefinitions({ columns }: Relation): Definition[] {
  return columns.map(({ name, type, notNull, expression, generated, identity }) => {
    const parts = [
      type,
      notNull ? 'not null' : '',
      identity === null ? '' : `generated ${identity} as identity`,
      expression === null ? '' : `${generated ? 'generated always as' : 'default'} ${expression}`,
    ];
    return { kind: 'column', name, sql: parts.filter((part) => part !== '').join(' ') };
  });
}

const definitionsQuery = `
  select 'constraint' as kind, conname as name, pg_get_constraintdef(oid) as sql
  from pg_constraint where conrelid = $1
  union all
  select 'index', c.relname, pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' (invalid)' end
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = $1
  union all
  select 'trigger', tgname, pg_get_triggerdef(oid) || case tgenabled when 'O' then '' else ' (' || tgenabled::text || ')' end
  from pg_trigger where tgrelid = $1 and not tgisinternal`;

async function definitionsOf(transaction: Transaction, relation: Relation): Promise<Definition[]> {
  const rows = await transaction.query<Definition>(definitionsQuery, [relation.oid]);
  return [...columnDefinitions(relation), ...rows].toSorted((a, b) => (titleOf(a) < titleOf(b) ? -1 : 1));
}

function titleOf({ kind, name }: Definition): string {
  return `${kind} ${name}`;
}

/** One thing that is not as it was. */
export interface Difference {
  readonly table: string;
  readonly what: 'existence' | 'rows' | 'contents' | 'sequence' | 'definition';
  readonly sentence: string;
}

/**
 * What has changed from the first fingerprint to the second; empty when nothing has.
 *
 * @example
 * compareFingerprints(before, after)[0]?.sentence; // 'Table customers had 3 rows and now has 4.'
 */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): Difference[] {
  const names = new Set([...before.tables, ...after.tables].map(({ table }) => table));
  return [...names].flatMap((table) => {
    const was = before.tables.find((candidate) => candidate.table === table);
    const is = after.tables.find((candidate) => candidate.table === table);
    if (was === undefined || is === undefined || (!was.exists && !is.exists)) {
      if (was !== undefined && is !== undefined) return [];
      return [{ table, what: 'existence', sentence: `Table ${table} was looked at only once.` }];
    }
    if (!was.exists)
      return [{ table, what: 'existence', sentence: `Table ${table} did not exist and now does.` }];
    if (!is.exists)
      return [{ table, what: 'existence', sentence: `Table ${table} does not exist any more.` }];
    return [
      ...compareRows(table, was, is),
      ...compareSequences(table, was, is),
      ...compareDefinitions(table, was, is),
    ];
  });
}

type Existing = Extract<TableFingerprint, { exists: true }>;

function compareRows(table: string, was: Existing, is: Existing): Difference[] {
  if (was.rows !== is.rows)
    return [{ table, what: 'rows', sentence: `Table ${table} had ${was.rows} rows and now has ${is.rows}.` }];
  if (was.checksum !== is.checksum)
    return [
      {
        table,
        what: 'contents',
        sentence: `Table ${table} still has ${is.rows} rows, but their contents have changed.`,
      },
    ];
  return [];
}

function compareSequences(table: string, was: Existing, is: Existing): Difference[] {
  const states = ({ sequences }: Existing) =>
    new Map(sequences.map((state) => [quoteName(state.schema, state.name), tellState(state)]));
  return compareMaps(states(was), states(is), (name, before = 'absent', after = 'absent') => ({
    table,
    what: 'sequence',
    sentence: `Sequence ${name} of table ${table} was ${before} and now is ${after}.`,
  }));
}

function tellState({ lastValue, isCalled }: SequenceState): string {
  return `at ${lastValue}${isCalled ? '' : ' (not used yet)'}`;
}

function compareDefinitions(table: string, was: Existing, is: Existing): Difference[] {
  const byTitle = ({ definitions }: Existing) =>
    new Map(definitions.map((definition) => [titleOf(definition), definition.sql]));
  return compareMaps(byTitle(was), byTitle(is), (title, before, after) => {
    const change =
      after === undefined
        ? `has lost its ${title} (${before})`
        : before === undefined
          ? `has got a new ${title} (${after})`
          : `has another ${title}: it was ${before} and now is ${after}`;
    return { table, what: 'definition', sentence: `Table ${table} ${change}.` };
  });
}

function compareMaps(
  was: ReadonlyMap<string, string>,
  is: ReadonlyMap<string, string>,
  tell: (name: string, before: string | undefined, after: string | undefined) => Difference,
): Difference[] {
  const names = new Set([...was.keys(), ...is.keys()]);
  return [...names]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => tell(name, was.get(name), is.get(name)));
}
