import { Buffer } from 'node:buffer';
import type { RawRow } from '../row.js';
import type { TupleWriter } from '../target/tuple-writer.js';
import { compareKeys, jsonString } from '../values/json-text.js';
import type { RowContext } from './types.js';

/** Writes a value inside a document; false, and nothing of use written, when the row has none. */
export type MemberWriter = (row: RawRow, context: RowContext, out: TupleWriter) => boolean;

export interface Member {
  readonly key: string;
  readonly write: MemberWriter;
  /** says nothing about the row: the same in every one */
  readonly constant?: boolean;
}

/** Writes a whole object as jsonb prints it; returns how many of its members say something about the row. */
export type ObjectWriter = (row: RawRow, context: RowContext, out: TupleWriter) => number;

const comma = Buffer.from(', ');

interface Prepared extends Member {
  /** `"key": ` */
  readonly label: Buffer;
  /** the same behind another member: `, "key": ` */
  readonly nextLabel: Buffer;
}

/**
 * Keys are put in jsonb's order once. With `takesKept` the object also takes what rules keep of single rows; a member
 * of the same key that the row has comes first.
 */
export function objectWriter(members: readonly Member[], takesKept: boolean): ObjectWriter {
  const prepared: Prepared[] = members
    .map(({ key, write, constant = false }) => {
      const label = labelOf(key);
      return { key, write, constant, label, nextLabel: Buffer.concat([comma, label]) };
    })
    .sort((a, b) => compareKeys(a.key, b.key));

  const writeStatic: ObjectWriter = (row, context, out) => {
    out.byte(0x7b);
    const first = out.position;
    let own = 0;
    for (let i = 0; i < prepared.length; i++) {
      const member = prepared[i] as Prepared;
      if (writeMember(member, first, row, context, out) && member.constant !== true) own++;
    }
    out.byte(0x7d);
    return own;
  };
  if (!takesKept) return writeStatic;

  return (row, context, out) => {
    if (context.kept.size === 0) return writeStatic(row, context, out);
    const kept = [...context.kept].sort(([a], [b]) => compareKeys(a, b));
    out.byte(0x7b);
    const first = out.position;
    let own = 0;
    let next = 0;
    for (const member of prepared) {
      while (next < kept.length && compareKeys((kept[next] as [string, string])[0], member.key) < 0)
        own += writeKept(kept[next++] as [string, string], first, out);
      const written = writeMember(member, first, row, context, out);
      if (written && member.constant !== true) own++;
      if (kept[next]?.[0] === member.key) {
        if (!written) own += writeKept(kept[next] as [string, string], first, out);
        next++;
      }
    }
    while (next < kept.length) own += writeKept(kept[next++] as [string, string], first, out);
    out.byte(0x7d);
    return own;
  };
}

function writeMember(
  member: Prepared,
  first: number,
  row: RawRow,
  context: RowContext,
  out: TupleWriter,
): boolean {
  const before = out.position;
  const label = before === first ? member.label : member.nextLabel;
  out.raw(label, 0, label.length);
  if (member.write(row, context, out)) return true;
  out.position = before;
  return false;
}

function writeKept([key, json]: [string, string], first: number, out: TupleWriter): 1 {
  if (out.position !== first) out.raw(comma, 0, 2);
  const label = labelOf(key);
  out.raw(label, 0, label.length);
  out.utf8(json);
  return 1;
}

function labelOf(key: string): Buffer {
  return Buffer.from(`${jsonString(key)}: `);
}
