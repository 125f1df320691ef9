import type { Client } from 'pg';
import { copyTuples } from './copy-tuples.js';
import type { PreparedChunk } from './prepared-chunk.js';
import { rowFaultOf, type RefusedRow } from './row-fault.js';

/** Rows of the shortest attempt: where bad rows stand close together, most of what is sent would be in vain. */
const fewest = 16;

/**
 * Finds those of the given tuples that the target refuses and copies all others, inside the open transaction. Where the
 * server names the row, the good rows before it go in at once and the search goes on behind it; where it does not
 * (foreign keys), by halves. Attempts are about as long as the bad rows are apart, so that the cost grows with the
 * refused rows, not with the chunk.
 */
export async function narrow(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  tuples: Int32Array,
  firstError: unknown,
  refuse: (tuple: number, fault: RefusedRow) => void,
): Promise<void> {
  const open: { from: number; to: number; error?: unknown }[] = [
    { from: 0, to: tuples.length, error: firstError },
  ];
  let longest = tuples.length;
  for (let part = open.pop(); part; part = open.pop()) {
    const { from } = part;
    const to = part.error ? part.to : Math.min(part.to, from + longest);
    if (to < part.to) open.push({ from: to, to: part.to });
    if (from >= to) continue;
    const error = part.error ?? (await tryCopy(client, table, chunk, tuples.subarray(from, to)));
    if (error === undefined) {
      longest *= 4;
      continue;
    }
    const fault = rowFaultOf(error);
    // oxlint-disable-next-line typescript/only-throw-error -- what the driver threw goes on as it is
    if (!fault) throw error;
    if (fault.row !== undefined || to - from === 1) {
      const bad = to - from === 1 ? from : from + (fault.row as number);
      refuse(tuples[bad] as number, fault);
      longest = Math.max(fewest, 2 * (bad - from));
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
  tuples: Int32Array,
): Promise<unknown> {
  await client.query('savepoint part');
  try {
    await copyTuples(client, table, chunk, tuples);
    await client.query('release savepoint part');
    return undefined;
  } catch (error) {
    if (!rowFaultOf(error)) throw error;
    await client.query('rollback to savepoint part');
    return error;
  }
}
