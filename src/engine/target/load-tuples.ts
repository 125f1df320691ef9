import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { copyTuples } from './copy-tuples.js';
import { narrow } from './narrow.js';
import type { PreparedChunk, Reject } from './prepared-chunk.js';
import { rowFaultOf, type RefusedRow } from './row-fault.js';
import { violations } from './violations.js';

export interface LoadedTuples {
  /** by the tuple's position */
  readonly refused: Refused;
  /** all rows that are in came with one COPY, and bear one transaction number */
  readonly atOnce: boolean;
}

/** Rows that are known to be refused before they are sent: rejects by the tuple's position. */
export type Refused = ReadonlyMap<number, Reject>;

/**
 * The rows of a chunk that break one of the constraints that refused rows of the chunks before. Needs no transaction:
 * it may be found while the chunk before is still being written.
 */
export async function refusedBeforehand(
  client: Client,
  table: string,
  chunk: PreparedChunk,
): Promise<Refused> {
  const refused = new Map<number, Reject>();
  const suspects = suspectsOf(client, table);
  for (const fault of suspects.all()) {
    // Parents that the chunk brings along are not there yet.
    if (fault.code === 'ERR_004' && chunk.ensured.length > 0) continue;
    const left = tuplesBut(chunk, refused);
    const found = await violations(client, table, fault.constraint ?? '', chunk, left, false);
    if (found && found.length > 0) refuse(refused, chunk, found, fault);
    else suspects.clear(fault);
  }
  return refused;
}

/** Copies all other tuples in the open transaction; when the target refuses some, those are found and the rest is in. */
export async function loadTuples(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  at?: PassPoint,
  beforehand: Refused = new Map(),
): Promise<LoadedTuples> {
  const refused = new Map(beforehand);
  let left = tuplesBut(chunk, refused);
  if (left.length === 0) return { refused, atOnce: true };
  // A constraint that waits for the commit would refuse the whole chunk then, and name no row.
  await client.query('set constraints all immediate; savepoint rows');
  for (;;)
    try {
      await copyTuples(client, table, chunk, left, at);
      return { refused, atOnce: true };
    } catch (error) {
      const fault = rowFaultOf(error);
      if (!fault) throw error;
      await client.query('rollback to savepoint rows');
      const found =
        fault.constraint === undefined
          ? undefined
          : await violations(client, table, fault.constraint, chunk, left, true);
      if (!found || found.length === 0) {
        await narrow(client, table, chunk, left, error, (tuple, one) => refuse(refused, chunk, [tuple], one));
        return { refused, atOnce: false };
      }
      suspectsOf(client, table).add(fault);
      refuse(refused, chunk, found, fault);
      left = tuplesBut(chunk, refused);
      if (left.length === 0) return { refused, atOnce: true };
    }
}

function refuse(
  refused: Map<number, Reject>,
  chunk: PreparedChunk,
  tuples: readonly number[],
  { code, column, reason }: RefusedRow,
): void {
  for (const tuple of tuples) refused.set(tuple, chunk.rejectTuple(tuple, { code, column, reason }));
}

/** Positions of tuples, ascending: all of them unless some are refused already. */
export function tuplesBut(
  { targetKeys: { count } }: PreparedChunk,
  refused: Refused = new Map(),
): Int32Array {
  const left = new Int32Array(count - refused.size);
  let next = 0;
  for (let tuple = 0; tuple < count; tuple++) if (!refused.has(tuple)) left[next++] = tuple;
  return left;
}

/** Chunks without a row that breaks a constraint before it is trusted again. */
const patience = 5;

/**
 * Constraints that refused rows of the last chunks: where some rows are bad, more are to come, and looking for them
 * beforehand costs less than a COPY that fails.
 */
class Suspects {
  readonly #strikes = new Map<string, { readonly fault: RefusedRow; left: number }>();

  all(): RefusedRow[] {
    return [...this.#strikes.values()].map(({ fault }) => fault);
  }

  add(fault: RefusedRow): void {
    this.#strikes.set(fault.constraint ?? '', { fault, left: patience });
  }

  clear({ constraint = '' }: RefusedRow): void {
    const strike = this.#strikes.get(constraint);
    if (strike && --strike.left === 0) this.#strikes.delete(constraint);
  }
}

const suspectsByClient = new WeakMap<Client, Map<string, Suspects>>();

function suspectsOf(client: Client, table: string): Suspects {
  const tables = suspectsByClient.get(client) ?? new Map<string, Suspects>();
  suspectsByClient.set(client, tables);
  const suspects = tables.get(table) ?? new Suspects();
  tables.set(table, suspects);
  return suspects;
}
