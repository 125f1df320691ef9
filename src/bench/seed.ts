import type { Client } from 'pg';
import type { Connection } from 'mysql2';
import { copyOut } from '../store/copy-streams.js';
import { quoteIdent } from '../store/quote.js';
import { columnNames, type SeedTable, type Workload } from './workloads/workload.js';

/** Makes the legacy tables of a workload in an empty PostgreSQL database, as after a vacuum. */
export async function makeInPostgres(client: Client, workload: Workload): Promise<void> {
  for (const { table, rows } of tablesOf(workload)) {
    await makeEmptyTable(client, table);
    const values = Object.values(table.columns).map(([, value]) => value);
    await client.query(
      `insert into ${table.name} select ${values.join(', ')} from generate_series(1, $1::int) i`,
      [rows],
    );
    await client.query(`vacuum analyze ${table.name}`);
  }
}

/** The table without its rows, but with its primary key. */
export async function makeEmptyTable(client: Client, table: SeedTable): Promise<void> {
  const [key = ''] = columnNames(table);
  const columns = Object.entries(table.columns).map(([name, [type]]) => `${name} ${type}`);
  await client.query(`create table ${table.name} (${columns.join(', ')}, primary key (${key}))`);
}

/**
 * Copies the legacy tables of a workload from PostgreSQL into an empty MySQL database, whose server lets clients send
 * files (`local_infile`). COPY's text format is what LOAD DATA reads.
 */
export async function copyToMysql(client: Client, mysql: Connection, workload: Workload): Promise<void> {
  for (const { table } of tablesOf(workload)) {
    const [key = ''] = columnNames(table);
    const columns = Object.entries(table.columns).map(([name, [type]]) => `${name} ${mysqlType(type)}`);
    await mysql.promise().query(`create table ${table.name} (${columns.join(', ')}, primary key (${key}))`);
    // In the order of the key: InnoDB keeps its rows so, and fills its pages only then.
    const rows = copyOut(
      client,
      `copy (select ${Object.entries(table.columns).map(selectForMysql).join(', ')} from ${table.name} order by ${quoteIdent(key)}) to stdout`,
    );
    await mysql.promise().query({
      sql: `load data local infile 'rows' into table ${table.name} character set utf8mb4`,
      infileStreamFactory: () => rows,
    });
    await mysql.promise().query(`analyze table ${table.name}`);
  }
}

function tablesOf(workload: Workload): readonly { table: SeedTable; rows: number }[] {
  return [...workload.beside, workload];
}

function selectForMysql([name, [type]]: [string, readonly [string, string]]): string {
  return type === 'boolean' ? `${name}::int` : name;
}

function mysqlType(type: string): string {
  switch (type) {
    case 'uuid':
      return 'char(36) character set ascii';
    case 'boolean':
      return 'tinyint(1)';
    case 'timestamp':
      return 'datetime(6)';
    case 'jsonb':
      return 'json';
    default:
      return type.replace('numeric', 'decimal');
  }
}
