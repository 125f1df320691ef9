import { headerBytes, RowSplitter, trailer } from '../postgres/split-rows.js';
import type { SourceChunk } from '../row.js';
import { noRows } from '../source/chunk-buffer.js';

/**
 * Reads a binary COPY to its end and compares it with the tuples that are expected as it comes, so that what is as it
 * should be is neither gathered nor cut into rows. Undefined when it is the same; else all rows that have come.
 */
export async function rowsUnless(
  copy: AsyncIterable<Buffer>,
  expected: Buffer,
): Promise<SourceChunk | undefined> {
  const end = headerBytes + expected.length + trailer.length;
  let seen = 0;
  let others: RowSplitter | undefined;
  for await (const block of copy) {
    if (!others && !isExpected(expected, block, seen)) {
      others = new RowSplitter({ rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER });
      // Up to this block it was the same.
      const tuples = expected.subarray(0, Math.max(0, seen - headerBytes));
      const rest = Math.max(0, seen - headerBytes - expected.length);
      for (const part of [Buffer.alloc(Math.min(seen, headerBytes)), tuples, trailer.subarray(0, rest)])
        gather(others, part);
    }
    if (others) gather(others, block);
    seen += block.length;
  }
  if (others) return [...others.finish()][0] ?? noRows;
  if (seen !== end) throw new Error('what the target sent ended before its trailer');
  return undefined;
}

/** Whether a block is what should follow so many bytes of the COPY. */
function isExpected(expected: Buffer, block: Buffer, seen: number): boolean {
  const from = Math.min(block.length, Math.max(0, headerBytes - seen));
  const at = Math.max(0, seen - headerBytes);
  const length = Math.max(0, Math.min(block.length - from, expected.length - at));
  if (length > 0 && expected.compare(block, from, from + length, at, at + length) !== 0) return false;
  const tail = block.subarray(from + length);
  const tailAt = Math.max(0, at - expected.length);
  return tail.equals(trailer.subarray(tailAt, tailAt + tail.length));
}

/** Without a limit there is one chunk, at the end. */
function gather(rows: RowSplitter, block: Buffer): void {
  for (const _ of rows.push(block)) throw new Error('a chunk without a limit was cut');
}
