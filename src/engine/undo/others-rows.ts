import type { Client } from 'pg';
import { quoteTable } from '../../store/quote.js';

/**
 * How many rows of a table were written by transactions from `since` on (64 bits), up to now. For tables without rows
 * of the run: these are then the rows of others. A missing table has none.
 */
export async function countRowsSince(client: Client, table: string, since: bigint): Promise<number> {
  const { rows: tables } = await client.query<{ exists: boolean }>(
    'select to_regclass($1) is not null as exists',
    [quoteTable(table)],
  );
  if (!tables[0]?.exists) return 0;
  // A row bears the low half of its transaction's number: from `since` on, modulo 2^32, up to the latest.
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from ${quoteTable(table)} t
     where (t.xmin::text::bigint - ($1::bigint & 4294967295) + 4294967296) % 4294967296
       < (select txid_snapshot_xmax(txid_current_snapshot())) - $1::bigint`,
    [since],
  );
  return Number(rows[0]?.rows ?? 0);
}
