import { escapeId, type Connection, type ConnectionOptions } from 'mysql2';
import type { SourceColumn } from '../row.js';
import { noRows } from '../source/chunk-buffer.js';
import type { SourceDatabase, SourceTable } from '../source/types.js';
import { connect, cut, queryTexts } from './connect.js';
import { mysqlError } from './errors.js';
import { describeTable, quoteTable, selectList } from './introspect.js';
import { boundsCondition, keyList, keysCondition } from './key-conditions.js';
import { locateRow, streamRows } from './split-rows.js';

/** A legacy MySQL or MariaDB. Each reading has a connection of its own, so that readings can run side by side. */
export async function openMysqlSource(config: ConnectionOptions): Promise<SourceDatabase> {
  const catalog = await asSource(connect(config));

  /** The rows of a statement over a connection of its own, which is cut when they are not all wanted. */
  async function* readRows(
    sql: string,
    limit: Parameters<SourceDatabase['read']>[1]['limit'],
    signal: AbortSignal,
  ): ReturnType<SourceDatabase['read']> {
    const connection = await asSource(connect(config));
    let allRead = false;
    try {
      signal.throwIfAborted();
      const id = await connectionId(connection);
      try {
        yield* streamRows(connection, sql, limit, signal);
        allRead = true;
      } finally {
        if (!allRead) kill(catalog, id);
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : mysqlError(error, 'source');
    } finally {
      if (allRead) connection.end(() => undefined);
      else cut(connection);
    }
  }

  return {
    describe: (name) => asSource(describeTable(catalog, name)),
    count: async (table) => {
      const sql = `select count(*) as count from ${quoteTable(table.name)}`;
      const [row] = await asSource(queryTexts(catalog, sql));
      return Number(row?.['count']);
    },
    read: (table, { bounds, limit, order = true, share, signal }) => {
      const where = bounds ? boundsCondition(table, bounds) : '';
      const sample =
        share === undefined ? '' : `${where === '' ? ' where' : ' and'} ${sampled(table, share)}`;
      const sorted = order ? ` order by ${keyList(table)}` : '';
      return readRows(`${selectAll(table)}${where}${sample}${sorted}`, limit, signal);
    },
    lookup: async (table, keys, signal) => {
      if (keys.length === 0) return noRows;
      const sql = `${selectAll(table)}${keysCondition(table, keys)} order by ${keyList(table)}`;
      const limit = { rows: Infinity, bytes: Number.MAX_SAFE_INTEGER };
      let found = noRows;
      for await (const rows of readRows(sql, limit, signal)) found = rows;
      return found;
    },
    only: (table, names) => ({
      ...table,
      columns: names.map((name, field) => ({ ...columnOf(table, name), field })),
    }),
    locate: locateRow,
    close: () => catalog.promise().end(),
  };
}

async function asSource<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw mysqlError(error, 'source');
  }
}

async function connectionId(connection: Connection): Promise<string> {
  const [row] = await queryTexts(connection, 'select connection_id() as id');
  return row?.['id'] ?? '';
}

/**
 * Ends a reading on the server. One that sends rows stops by itself when its connection is gone; one that still sorts
 * or searches would first come to its first row, since the server does not listen meanwhile.
 */
function kill(catalog: Connection, id: string): void {
  // It may have ended by itself, or the server with it: whoever reads has heard of that already.
  queryTexts(catalog, `kill ${id}`).catch(() => undefined);
}

function selectAll(table: SourceTable): string {
  return `select ${selectList(table)} from ${quoteTable(table.name)}`;
}

/**
 * An even share of the rows, the same whenever it is asked for: those whose hashed key falls under it. The server reads
 * all of them, but sends only these.
 */
function sampled(table: SourceTable, share: number): string {
  const names = table.key.length > 0 ? table.key : table.columns.map(({ name }) => name);
  const hashed = names.map((name) => escapeId(name, true)).join(', ');
  return `crc32(concat_ws(',', ${hashed})) < ${Math.min(2 ** 32, Math.ceil(share * 2 ** 32))}`;
}

function columnOf(table: SourceTable, name: string): SourceColumn {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`${table.name} has no column ${name}`);
  return column;
}
