import { escapeIdentifier, escapeLiteral, type Client, type ClientConfig } from 'pg';
import type { SourceColumn } from '../row.js';
import { noRows } from '../source/chunk-buffer.js';
import type { KeyBounds, SourceDatabase, SourceTable } from '../source/types.js';
import { databaseError } from '../../store/postgres-errors.js';
import { quoteTable } from '../../store/quote.js';
import { connect } from './connect.js';
import { describeTable, selectExpression } from './introspect.js';
import { locateRow, RowSplitter } from './split-rows.js';
import { copyOut } from '../../store/copy-streams.js';

/** A legacy PostgreSQL. Each reading has a connection of its own, so that readings can run side by side. */
export async function openPostgresSource(config: ClientConfig): Promise<SourceDatabase> {
  const connectSource = async (): Promise<Client> => {
    try {
      return await connect(config, { readOnly: true });
    } catch (error) {
      throw databaseError(error, 'source');
    }
  };
  const catalog = await connectSource();

  async function* read(
    table: SourceTable,
    { bounds, limit, order = true, share, signal }: Parameters<SourceDatabase['read']>[1],
  ): ReturnType<SourceDatabase['read']> {
    const client = await connectSource();
    const sample = share === undefined ? undefined : sampled(table, share, await hasRows(table));
    const conditions = [...(bounds ? boundConditions(table, bounds) : []), ...(sample?.conditions ?? [])];
    const where = conditions.length > 0 ? ` where ${conditions.join(' and ')}` : '';
    const sorted = order ? ` order by ${keyList(table)}` : '';
    const stream = copyOut(
      client,
      `copy (select ${selectList(table)} from ${quoteTable(table.name)}${sample?.clause ?? ''}${where}${sorted}) to stdout (format binary)`,
    );
    const stop = () => stream.destroy(new Error('reading the source was cancelled'));
    signal.addEventListener('abort', stop, { once: true });
    const splitter = new RowSplitter(limit);
    try {
      signal.throwIfAborted();
      for await (const data of stream) yield* splitter.push(data as Buffer);
      yield* splitter.finish();
    } catch (error) {
      throw signal.aborted ? signal.reason : databaseError(error, 'source');
    } finally {
      signal.removeEventListener('abort', stop);
      await endConnection(client);
    }
  }

  /** Of its own: a view has none, and the server takes no sample of it. */
  async function hasRows(table: SourceTable): Promise<boolean> {
    const { rows } = await catalog.query<{ stored: boolean }>(
      `select relkind in ('r', 'p', 'm') as stored from pg_class where oid = to_regclass($1)`,
      [quoteTable(table.name)],
    );
    return rows[0]?.stored ?? false;
  }

  return {
    describe: (name) => describeTable(catalog, name, quoteTable(name)),
    count: async (table) => {
      const { rows } = await catalog.query<{ count: string }>(
        `select count(*) from ${quoteTable(table.name)}`,
      );
      return Number(rows[0]?.count);
    },
    read,
    lookup: async (table, keys, signal) => {
      if (keys.length === 0) return noRows;
      const where = ` where (${keyList(table)}) in (${keys.map((key) => typedKey(table, key)).join(', ')})`;
      const client = await connectSource();
      try {
        signal.throwIfAborted();
        const stream = copyOut(
          client,
          `copy (select ${selectList(table)} from ${quoteTable(table.name)}${where} order by ${keyList(table)}) to stdout (format binary)`,
        );
        const splitter = new RowSplitter({ rows: keys.length, bytes: Number.MAX_SAFE_INTEGER });
        for await (const data of stream) for (const chunk of splitter.push(data as Buffer)) return chunk;
        for (const chunk of splitter.finish()) return chunk;
        return noRows;
      } catch (error) {
        throw databaseError(error, 'source');
      } finally {
        await endConnection(client);
      }
    },
    only: (table, names) => ({
      ...table,
      columns: names.map((name, field) => ({ ...columnOf(table, name), field })),
    }),
    locate: locateRow,
    close: () => endConnection(catalog),
  };
}

/** A reading that was left early still streams, and a silent server takes no leave: the connection is cut, not waited for. */
async function endConnection(client: Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  const ended = client.end().catch(() => undefined);
  const timer = setTimeout(() => stream.destroy(), 200);
  await ended;
  clearTimeout(timer);
}

function selectList(table: SourceTable): string {
  return table.columns.map((column) => selectExpression(column, escapeIdentifier(column.name))).join(', ');
}

function keyList(table: SourceTable): string {
  return table.key.map(escapeIdentifier).join(', ');
}

function columnOf(table: SourceTable, name: string): SourceColumn {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`${table.name} has no column ${name}`);
  return column;
}

function typedKey(table: SourceTable, key: readonly string[]): string {
  const values = table.key.map((name, i) => `${escapeLiteral(key[i] ?? '')}::${columnOf(table, name).type}`);
  return `(${values.join(', ')})`;
}

function boundConditions(table: SourceTable, bounds: KeyBounds): string[] {
  const conditions: string[] = [];
  if (bounds.lower) conditions.push(`(${keyList(table)}) > ${typedKey(table, bounds.lower)}`);
  if (bounds.upper) conditions.push(`(${keyList(table)}) <= ${typedKey(table, bounds.upper)}`);
  return conditions;
}

/** An even share of the rows: the server's own sample where it has the rows, else those whose hashed key falls under it. */
function sampled(
  table: SourceTable,
  share: number,
  stored: boolean,
): { clause: string; conditions: string[] } {
  if (stored)
    return {
      clause: ` tablesample bernoulli (${Math.min(100, share * 100)}) repeatable (1)`,
      conditions: [],
    };
  const hash = `hashtextextended(concat_ws(',', ${keyList(table)}), 0)`;
  return { clause: '', conditions: [`(${hash} & 1048575) < ${Math.ceil(share * 1048576)}`] };
}
