import type { Client } from 'pg';
import type { RunRef } from '../../contract/outline.js';
import { noteOwnWrite } from '../../store/own-writes.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { inTransaction } from '../../store/transaction.js';
import type { TargetTable } from '../target/describe-target.js';
import { matchesKey } from '../target/key-match.js';
import type { ForeignKeyTo } from './foreign-keys-to.js';
import { rowsOfChunk, statement, type ChunkOfStep } from './rows-that-go.js';

/**
 * Empties the references of the step's rows to their own table, a chunk at a time: rows are taken back in the order of
 * their chunks, and one that still goes may refer to one that is gone. False: told to pause before the end.
 */
export async function cutOwnLinks(
  client: Client,
  ref: RunRef,
  step: string,
  target: TargetTable,
  keys: readonly ForeignKeyTo[],
  pause: AbortSignal,
): Promise<boolean> {
  const own = keys.filter((key) => key.own);
  const columns = own.flatMap((key) => key.columns.filter(({ nullable }) => nullable));
  if (columns.length === 0) return true;
  const names = [...new Set(columns.map(({ child }) => quoteIdent(child)))];
  const { rows: chunks } = await client.query<ChunkOfStep>(
    'select source_table as source, range, chunk from migration.lineage where run = $1 and step = $2',
    [ref.run, step],
  );
  for (const chunk of chunks) {
    if (pause.aborted) return false;
    await inTransaction(client, async () => {
      const { rowCount } = await client.query(
        statement(
          (bind) => `
            update ${quoteTable(target.name)} t set ${names.map((name) => `${name} = null`).join(', ')}
            from (${rowsOfChunk(target, ref.run, step, chunk).keys(bind)}) k
            where ${matchesKey(target, 't', 'k.key')} and (${names.map((name) => `t.${name} is not null`).join(' or ')})`,
        ),
      );
      if (rowCount) await noteOwnWrite(client, ref.run, step);
    });
  }
  return true;
}
