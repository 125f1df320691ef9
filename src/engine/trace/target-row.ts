import type { Client } from 'pg';
import { copyOut } from '../../store/copy-streams.js';
import { quoteIdent, quoteLiteral, quoteTable } from '../../store/quote.js';
import { describeTable } from '../postgres/introspect.js';
import { locateRow, RowSplitter } from '../postgres/split-rows.js';
import { RawRow, type SourceChunk, type SourceColumn } from '../row.js';
import type { TargetTable } from '../target/describe-target.js';
import { matchesKey } from '../target/key-match.js';
import { textOf } from '../values/wire-text.js';
import { RowComparer } from '../verify/compare-rows.js';

/** A row as it stands in the target. */
export interface StandingRow {
  /** every column in the order of the table, as text */
  readonly values: ReadonlyMap<string, string | null>;
  /** the transaction that wrote it last */
  readonly xmin: bigint;
}

/** Undefined when the row is not there. `key` is as the lineage has it. */
export async function readStandingRow(
  client: Client,
  target: TargetTable,
  key: string,
): Promise<StandingRow | undefined> {
  const columns = target.columns.map(({ name }) => `t.${quoteIdent(name)}::text`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `select t.xmin::text, ${columns} from ${quoteTable(target.name)} t
      where ${matchesKey(target, 't', `$1::${target.keyKind}`)}`,
    values: [key],
    rowMode: 'array',
  });
  const [row] = rows;
  if (!row) return undefined;
  const [xmin, ...values] = row;
  return {
    xmin: BigInt(xmin ?? 0),
    values: new Map(target.columns.map(({ name }, i) => [name, values[i] ?? null])),
  };
}

/** The values of a tuple as text by column, and the columns whose meaning is another one in the target now. */
export interface ComparedTuple {
  readonly values: ReadonlyMap<string, string | null>;
  /** undefined: the row is not there */
  readonly differing: ReadonlySet<string> | undefined;
}

/** Reads a tuple of the rules, and compares it with the row in the target as verification does. */
export async function compareTuple(
  client: Client,
  target: TargetTable,
  key: string | null,
  columns: readonly string[],
  tuple: SourceChunk,
): Promise<ComparedTuple> {
  const described = await describeColumns(client, target, columns);
  const row = new RawRow(columns.length);
  locateRow(tuple, 0, row);
  const values = new Map(described.map((column) => [column.name, textOf(column)(row)]));
  const standing = key === null ? undefined : await readTuple(client, target, key, columns);
  if (!standing) return { values, differing: undefined };
  return { values, differing: new Set(new RowComparer(described).differences(tuple, 0, standing, 0)) };
}

async function describeColumns(
  client: Client,
  target: TargetTable,
  columns: readonly string[],
): Promise<SourceColumn[]> {
  const table = await describeTable(client, target.name, quoteTable(target.name));
  return columns.map((name, field) => {
    const column = table?.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`${target.name} has no column ${name}`);
    return { ...column, field };
  });
}

async function readTuple(
  client: Client,
  target: TargetTable,
  key: string,
  columns: readonly string[],
): Promise<SourceChunk | undefined> {
  const query = `select ${columns.map((column) => `t.${quoteIdent(column)}`).join(', ')}
    from ${quoteTable(target.name)} t
    where ${matchesKey(target, 't', `${quoteLiteral(key)}::${target.keyKind}`)}`;
  const splitter = new RowSplitter({ rows: 2, bytes: Number.MAX_SAFE_INTEGER });
  const stream = copyOut(client, `copy (${query}) to stdout (format binary)`);
  let answer: SourceChunk | undefined;
  for await (const data of stream) for (const part of splitter.push(data as Buffer)) answer = part;
  for (const part of splitter.finish()) answer = part;
  return answer;
}
