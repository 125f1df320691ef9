import { KeyArray } from '../target/key-array.js';
import type { PreparedChunk } from '../target/prepared-chunk.js';
import { TupleWriter } from '../target/tuple-writer.js';
import { legacyIdsOf } from '../verify/comparison.js';

/** Some of the tuples, in the order of their positions, with nothing else of the chunk. */
export function someTuples(chunk: PreparedChunk, positions: readonly number[]): PreparedChunk {
  const wanted = new Set(positions);
  const others = new Set<number>();
  for (let i = 0; i < chunk.targetKeys.count; i++) if (!wanted.has(i)) others.add(i);
  const tuples = new TupleWriter(1 << 12);
  const tupleStarts = new Int32Array(wanted.size + 1);
  const taken = [...wanted].sort((a, b) => a - b);
  for (const [tuple, position] of taken.entries()) {
    const from = chunk.tupleStarts[position] as number;
    const size = (chunk.tupleStarts[position + 1] as number) - from;
    tuples.reserve(size);
    tuples.raw(chunk.tuples.bytes, from, size);
    tupleStarts[tuple + 1] = tuples.position;
  }
  return {
    ...chunk,
    tuples,
    tupleStarts,
    targetKeys: chunk.targetKeys.without(others),
    legacyKeys: chunk.legacyKeys?.without(others) ?? null,
    kept: chunk.kept?.filter((_, i) => wanted.has(i)) ?? null,
    rejects: [],
    warnings: [],
    merges: [],
    links: [],
    ensured: [],
    rejectTuple: (tuple, fault) => chunk.rejectTuple(taken[tuple] as number, fault),
  };
}

/** The chunk without these legacy rows; itself where it has none of them. */
export function withoutRows(chunk: PreparedChunk, legacyIds: ReadonlySet<string>): PreparedChunk {
  if (legacyIds.size === 0) return chunk;
  const stays = ({ legacyId }: { readonly legacyId: string }) => !legacyIds.has(legacyId);
  const ids = legacyIdsOf(chunk);
  const positions = ids.flatMap((id, i) => (legacyIds.has(id) ? [] : [i]));
  const rejects = chunk.rejects.filter(stays);
  const merges = chunk.merges.filter(stays);
  const isWhole =
    positions.length === ids.length &&
    rejects.length === chunk.rejects.length &&
    merges.length === chunk.merges.length;
  if (isWhole) return chunk;
  return {
    ...someTuples(chunk, positions),
    rejects,
    merges,
    warnings: chunk.warnings.filter(stays),
    links: chunk.links.filter(stays),
    ensured: chunk.ensured,
  };
}

/** What a chunk would be of which the source has no row any more. */
export function noTuples(columns: readonly string[], keys: KeyArray['kind']): PreparedChunk {
  return {
    firstKey: [],
    lastKey: [],
    read: 0,
    checksum: 0,
    bytes: 0,
    columns,
    tuples: new TupleWriter(64),
    tupleStarts: new Int32Array(1),
    targetKeys: new KeyArray(keys),
    legacyKeys: null,
    kept: null,
    rejects: [],
    warnings: [],
    merges: [],
    links: [],
    ensured: [],
    rejectTuple: () => {
      throw new Error('a chunk without rows has no row to reject');
    },
  };
}
