import { quoteIdent } from '../store/quote.js';
import type { Transaction } from './transaction.js';
import type { Tally } from './types.js';

/**
 * The checksum of a table: two sums over all rows, of bits 1–60 and bits 65–124 of the SHA-256 of the row's text.
 *
 * - Sums do not depend on the order of the rows, and a doubled row counts twice (an exclusive or would cancel it).
 * - The text of a row is that of PostgreSQL's own row type, quoted, so that no two different rows have the same one;
 *   NULL and '' differ. It is taken under the fixed settings of a transaction, in UTF-8 whatever the server's encoding.
 * - Columns are taken in name order, so that their order in the table does not matter.
 * - SHA-256 because it costs the same as MD5, which servers in FIPS mode refuse, and is the same on every platform,
 *   which PostgreSQL does not promise for its hash functions.
 *
 * `offset 0` keeps the planner from hashing each row once for each sum.
 */
export function tallyQuery(from: string, columns: readonly string[]): string {
  const row = columns.toSorted().map((column) => `t.${quoteIdent(column)}`);
  return `
    select count(*)::text as rows,
      coalesce(sum(('x' || substr(hash, 1, 15))::bit(60)::bigint), 0)::text
      || '-' || coalesce(sum(('x' || substr(hash, 17, 15))::bit(60)::bigint), 0)::text as checksum
    from (
      select encode(sha256(convert_to(row(${row.join(', ')})::text, 'UTF8')), 'hex') as hash
      from ${from} t
      offset 0
    ) rows`;
}

/** Counts and sums the rows of `from`, an SQL table expression such as `only "public"."customers"`, in one pass. */
export async function tally(
  transaction: Transaction,
  from: string,
  columns: readonly string[],
): Promise<Tally> {
  const [found] = await transaction.query<{ rows: string; checksum: string }>(tallyQuery(from, columns));
  if (found === undefined) throw new Error(`the tally of ${from} returned no row`);
  return { rows: Number(found.rows), checksum: found.checksum };
}

export function sameTally(a: Tally, b: Tally): boolean {
  return a.rows === b.rows && a.checksum === b.checksum;
}
