import type { MemberWriter } from './object-writer.js';

/** Answers kept at the most, and the longest field that is worth keeping, in bytes. */
const most = 4_096;
const longest = 256;
/** After so many questions it is decided whether keeping answers pays. */
const trial = 20_000;

/** A field as it came, and what was written for it. */
interface Answer {
  readonly field: Buffer;
  readonly written: Buffer;
}

/**
 * Writes what `write` wrote before for a field of the same bytes: dimensions, tags and the like repeat from row to row,
 * and parsing JSON costs more than looking it up. `write` may look at field `at` alone. Where fields turn out not to
 * repeat it stops remembering.
 */
export function remembering(at: number, write: MemberWriter): MemberWriter {
  let answers: (Answer | undefined)[] = [];
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
      return true;
    }
    const { position } = out;
    const { trimmed } = context;
    if (!write(row, context, out)) return false;
    // White space that was trimmed is to be counted in every row.
    if (pays && context.trimmed === trimmed)
      answers[slot] = {
        field: Buffer.from(row.bytes.subarray(start, start + length)),
        written: Buffer.from(out.bytes.subarray(position, out.position)),
      };
    return true;
  };
}

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function slotOf(bytes: Buffer, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return (hash ^ (hash >>> 16)) & (most - 1);
}

function isField({ field }: Answer, bytes: Buffer, start: number, length: number): boolean {
  if (field.length !== length) return false;
  for (let i = 0; i < length; i++) if (field[i] !== bytes[start + i]) return false;
  return true;
}
