import type { ClientBase } from 'pg';

/**
 * Notes that the open transaction changes rows of the step which were in already, so that they do not count as changed
 * by others. For transactions without savepoints: the rows of a savepoint bear another number.
 */
export async function noteOwnWrite(client: ClientBase, run: string, step: string): Promise<void> {
  await client.query(
    // xmin is the low half of the transaction's number.
    `insert into migration.own_writes (run, step, xid) values ($1, $2, txid_current() & 4294967295)
     on conflict do nothing`,
    [run, step],
  );
}
