import type { RangeKind } from '../retry/retry-range.js';

/** What decides by which rules, and with which rows to refer to, a chunk was made. */
export interface Origin {
  readonly kind: RangeKind;
  /**
   * when the first rows that it could have referred to came in behind it, out of the quarantine of another step; null:
   * none did
   */
  readonly knownBefore: string | null;
}

export interface Alike<Chunk extends Origin> extends Origin {
  readonly chunks: readonly Chunk[];
}

/** Chunks of one origin together, each group in the order given. */
export function comparedAlike<Chunk extends Origin>(chunks: readonly Chunk[]): Alike<Chunk>[] {
  const groups = new Map<string, Origin & { chunks: Chunk[] }>();
  for (const chunk of chunks) {
    const { kind, knownBefore } = chunk;
    const name = `${kind} ${knownBefore ?? ''}`;
    const group = groups.get(name);
    if (group) group.chunks.push(chunk);
    else groups.set(name, { kind, knownBefore, chunks: [chunk] });
  }
  return [...groups.values()];
}
