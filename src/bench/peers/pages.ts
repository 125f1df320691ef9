import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Client } from 'pg';
import { connect } from '../../engine/postgres/connect.js';
import { columnNames, type SeedTable } from '../workloads/workload.js';
import type { CopyJob, Dialect, Peer } from './peer.js';

const pageRows = 1_000;
/** Pages that are copied, evenly over the table: an OFFSET costs more the deeper it goes. All would take minutes. */
const mostPages = 40;

const note = `of LIMIT/OFFSET ${mostPages} pages of ${pageRows} rows are copied, evenly over the whole table, and the rows per second are those of these pages`;

export const pages: Peer = {
  ...pagesFrom('postgres'),
  name: 'pages',
  title: 'LIMIT/OFFSET pages, PostgreSQL',
};
export const pagesMysql: Peer = {
  ...pagesFrom('mysql'),
  name: 'pages-mysql',
  title: 'LIMIT/OFFSET pages, MySQL',
};

/** What most teams write by hand: a page of rows, one INSERT of many rows with parameters, and the next page. */
function pagesFrom(dialect: Dialect): Pick<Peer, 'source' | 'find' | 'note'> {
  return {
    source: dialect,
    note,
    find: async () => ({
      version: `${dialect === 'postgres' ? 'pg' : 'mysql2'} on Node.js ${process.version}`,
      copy: async (job) => {
        const target = await connect({ connectionString: job.target });
        const reader = await openReader(dialect, job);
        try {
          let rows = 0;
          for (const page of evenPages(Math.ceil(job.rows / pageRows))) {
            job.signal.throwIfAborted();
            const found = await reader.page(page * pageRows);
            await insert(target, job.table, found);
            rows += found.length;
          }
          return rows;
        } finally {
          await reader.close();
          await target.end();
        }
      },
    }),
  };
}

function evenPages(total: number): number[] {
  const count = Math.min(total, mostPages);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
}

type Row = Readonly<Record<string, unknown>>;

async function openReader(
  dialect: Dialect,
  { source, table }: CopyJob,
): Promise<{ page(offset: number): Promise<Row[]>; close(): Promise<void> }> {
  const [key = ''] = columnNames(table);
  const pageAt = (offset: number): string =>
    `select * from ${table.name} order by ${key} limit ${pageRows} offset ${offset}`;
  if (dialect === 'mysql') {
    const client = await createConnection({ uri: source, timezone: 'Z' });
    return {
      page: async (offset) => (await client.query<RowDataPacket[]>(pageAt(offset)))[0],
      close: () => client.end(),
    };
  }
  const client = await connect({ connectionString: source });
  return {
    page: async (offset) => (await client.query<Row>(pageAt(offset))).rows,
    close: () => client.end(),
  };
}

async function insert(target: Client, table: SeedTable, rows: readonly Row[]): Promise<void> {
  const columns = columnNames(table);
  let parameters = 0;
  const tuples = rows.map(() => `(${columns.map(() => `$${++parameters}`).join(', ')})`);
  const values = rows.flatMap((row) => columns.map((column) => parameter(row[column])));
  await target.query(`insert into ${table.name} (${columns.join(', ')}) values ${tuples.join(', ')}`, values);
}

/** A JSON array would else be taken for one of PostgreSQL's arrays. */
function parameter(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
    ? JSON.stringify(value)
    : value;
}
