import type { RawRow } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import type { RowContext } from './types.js';

/** Answers kept at the most, and the longest field that is worth keeping, in bytes. */
const most = 4_096;
const longest = 256;
/** After so many questions it is decided whether keeping answers pays. */
const trial = 20_000;

type Writer<Result> = (row: RawRow, context: RowContext, out: TupleWriter) => Result;

/** A field as it came, and what was written and answered for it. */
interface Answer<Result> {
  readonly field: Buffer;
  readonly written: Buffer;
  readonly result: Result;
}

/**
 * Writes what `write` wrote before for a field of the same bytes: dimensions, tags and the like repeat from row to row,
 * and parsing JSON costs more than looking it up. `write` may look at field `at` alone; where it has something to tell
 * the context it is asked again for every row. Where fields turn out not to repeat it stops remembering.
 */
export function remembering<Result>(at: number, write: Writer<Result>): Writer<Result> {
  let answers: (Answer<Result> | undefined)[] = [];
  let asked = 0;
  let known = 0;
  let pays = true;
  return (row, context, out) => {
    const length = row.length[at] as number;
    if (!pays || length < 1 || length > longest) return write(row, context, out);
    if (asked++ >= trial && known * 4 < asked) {
      pays = false;
      answers = [];
    }
    const start = row.start[at] as number;
    const slot = slotOf(row.bytes, start, length);
    const before = answers[slot];
    if (before && isField(before, row.bytes, start, length)) {
      known++;
      out.raw(before.written, 0, before.written.length);
      return before.result;
    }
    const { position } = out;
    const toldBefore = told(context);
    const result = write(row, context, out);
    if (pays && told(context) === toldBefore)
      answers[slot] = {
        field: Buffer.from(row.bytes.subarray(start, start + length)),
        written: Buffer.from(out.bytes.subarray(position, out.position)),
        result,
      };
    return result;
  };
}

/** How much the context was told of the row so far: it only grows. */
function told({ faults, warnings, kept, ensured, links, trimmed }: RowContext): number {
  return faults.length + warnings.length + kept.size + ensured.length + links.length + trimmed;
}

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function slotOf(bytes: Buffer, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return (hash ^ (hash >>> 16)) & (most - 1);
}

function isField({ field }: Answer<unknown>, bytes: Buffer, start: number, length: number): boolean {
  if (field.length !== length) return false;
  for (let i = 0; i < length; i++) if (field[i] !== bytes[start + i]) return false;
  return true;
}
