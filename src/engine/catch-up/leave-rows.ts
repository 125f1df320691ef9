import type { Client } from 'pg';
import type { Step } from '../step.js';
import type { ComparedRow } from '../verify/comparison.js';
import type { ChangedChunk, LeftRow } from './changes.js';
import { builtUpon, lockRows, type ReferringColumn } from './others.js';

/**
 * Which rows of a chunk stay as they are, by legacy id: those that others have changed, deleted or built upon. In the open
 * transaction, which locks the others of `going` (rows that would be taken out) and `changing`.
 */
export async function leaveRows(
  client: Client,
  step: Step,
  { chunk, rows }: ChangedChunk,
  { going, changing }: { readonly going: readonly ComparedRow[]; readonly changing: readonly ComparedRow[] },
  referring: readonly ReferringColumn[],
): Promise<Map<string, LeftRow>> {
  const left = new Map<string, LeftRow>();
  const leave = ({ legacyId, targetId }: ComparedRow, kind: LeftRow['kind'], what: string) =>
    left.set(legacyId, { legacyId, targetId, kind, what });
  const keys = [...going, ...changing].map((row) => row.targetId);
  const locked = await lockRows(client, step, chunk.xids, keys);
  for (const row of rows)
    if (row.tuple !== undefined && !row.there)
      leave(row, 'changed-by-others', 'others have deleted it in the target');
  for (const row of [...going, ...changing]) {
    const changed = locked.get(row.targetId);
    if (changed === undefined && row.tuple !== undefined)
      leave(row, 'changed-by-others', 'others have deleted it in the target');
    else if (changed)
      leave(row, 'changed-by-others', 'others have changed it in the target since the run wrote it');
  }
  const goingOn = going.filter((row) => !left.has(row.legacyId)).map((row) => row.targetId);
  const referred = await builtUpon(client, step, goingOn, referring);
  for (const row of going)
    if (referred.has(row.targetId))
      leave(row, 'built-upon', 'it would go, but rows of others refer to it in the target');
  return left;
}
