import type { Client } from 'pg';
import type { Fault } from '../transform/types.js';
import { copyTuples } from './copy-tuples.js';
import type { PreparedChunk } from './prepared-chunk.js';
import { rowFaultOf } from './row-fault.js';

/**
 * Finds the rows that the target refuses and copies all others, inside the open transaction. Where the server names
 * the row, the good rows before it go in at once and the search goes on behind it; where it does not (foreign keys),
 * by halves. The cost grows with the refused rows, not with the chunk.
 */
export async function narrow(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  firstError: unknown,
  refuse: (tuple: number, fault: Fault) => void,
): Promise<void> {
  const open: { from: number; to: number; error?: unknown }[] = [
    { from: 0, to: chunk.targetKeys.count, error: firstError },
  ];
  for (let part = open.pop(); part; part = open.pop()) {
    const { from, to } = part;
    if (from >= to) continue;
    const error = part.error ?? (await tryCopy(client, table, chunk, from, to));
    if (error === undefined) continue;
    const fault = rowFaultOf(error);
    // oxlint-disable-next-line typescript/only-throw-error -- what the driver threw goes on as it is
    if (!fault) throw error;
    if (fault.row !== undefined || to - from === 1) {
      const bad = to - from === 1 ? from : from + (fault.row as number);
      refuse(bad, { code: fault.code, column: fault.column, reason: fault.reason });
      open.push({ from: bad + 1, to }, { from, to: bad });
    } else {
      const middle = (from + to) >> 1;
      open.push({ from: middle, to }, { from, to: middle });
    }
  }
}

async function tryCopy(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  from: number,
  to: number,
): Promise<unknown> {
  await client.query('savepoint part');
  try {
    await copyTuples(client, table, chunk, from, to);
    await client.query('release savepoint part');
    return undefined;
  } catch (error) {
    if (!rowFaultOf(error)) throw error;
    await client.query('rollback to savepoint part');
    return error;
  }
}
