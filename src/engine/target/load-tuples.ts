import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { copyTuples } from './copy-tuples.js';
import { narrow } from './narrow.js';
import type { PreparedChunk, Reject } from './prepared-chunk.js';
import { rowFaultOf, type RefusedRow } from './row-fault.js';
import { violations } from './violations.js';

export interface LoadedTuples {
  /** by the tuple's position */
  readonly refused: ReadonlyMap<number, Reject>;
  /** all rows that are in came with one COPY, and bear one transaction number */
  readonly atOnce: boolean;
}

/** Copies all tuples in the open transaction; when the target refuses some, those are found and the rest is in. */
export async function loadTuples(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  at?: PassPoint,
): Promise<LoadedTuples> {
  const refused = new Map<number, Reject>();
  let left = Array.from({ length: chunk.targetKeys.count }, (_, tuple) => tuple);
  if (left.length === 0) return { refused, atOnce: true };

  const refuse = (tuples: readonly number[], fault: RefusedRow): void => {
    const { code, column, reason } = fault;
    for (const tuple of tuples) refused.set(tuple, chunk.rejectTuple(tuple, { code, column, reason }));
    left = left.filter((tuple) => !refused.has(tuple));
  };

  const suspects = suspectsOf(client, table);
  for (const fault of suspects.all()) {
    const found = await violations(client, table, fault.constraint ?? '', chunk, left);
    if (found && found.length > 0) refuse(found, fault);
    else suspects.clear(fault);
  }
  await client.query('savepoint rows');
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
          : await violations(client, table, fault.constraint, chunk, left);
      if (!found || found.length === 0) {
        await narrow(client, table, chunk, left, error, (tuple, one) => refuse([tuple], one));
        return { refused, atOnce: false };
      }
      suspects.add(fault);
      refuse(found, fault);
    }
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
