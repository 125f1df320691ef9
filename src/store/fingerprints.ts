import type { ClientBase } from 'pg';

/** The number that the target's next transaction gets, all 64 bits: rows written from now on bear it or a later one. */
export async function currentXid(client: ClientBase): Promise<bigint> {
  const { rows } = await client.query<{ xid: string }>(
    'select txid_snapshot_xmax(txid_current_snapshot())::text as xid',
  );
  const [row] = rows;
  if (!row) throw new Error('the server told no transaction number');
  return BigInt(row.xid);
}

/**
 * Keeps what the target was before the run. The first fingerprint counts: after a crash the tables may hold rows of the
 * run already.
 *
 * @param xid `currentXid` from before the fingerprint was taken
 */
export async function noteFingerprint(
  client: ClientBase,
  run: string,
  fingerprint: object,
  xid: bigint,
): Promise<void> {
  await client.query(
    `update migration.runs set fingerprint = $2, fingerprint_xid = $3 where run = $1 and fingerprint is null`,
    [run, JSON.stringify(fingerprint), xid],
  );
}
