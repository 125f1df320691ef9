import type { Client } from 'pg';
import { quoteIdent, quoteTable } from '../../store/quote.js';

/** Sets every sequence that a column of the table owns behind the largest value in use; never back. */
export async function resetSequences(client: Client, table: string): Promise<void> {
  const { rows } = await client.query<{ column: string; sequence: string }>(
    `select a.attname as column, pg_get_serial_sequence($1, a.attname) as sequence from pg_attribute a
     where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
       and pg_get_serial_sequence($1, a.attname) is not null`,
    [quoteTable(table)],
  );
  for (const { column, sequence } of rows)
    await client.query(
      `select setval($1, greatest(max(${quoteIdent(column)}), (select last_value from ${sequence})))
       from ${quoteTable(table)} having max(${quoteIdent(column)}) is not null`,
      [sequence],
    );
}
