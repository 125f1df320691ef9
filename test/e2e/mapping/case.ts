import { createHash } from 'node:crypto';

/** A legacy row and what must become of it. Everything is text, as the databases print it. */
export interface Case {
  /** the sentence that it proves */
  readonly rule: string;
  /** legacy columns on top of the table's good row */
  readonly row: LegacyRow;
  /** its key in the target, where it is not the one that its id leads to */
  readonly key?: string;
  /** it moves: what SQL expressions over its target row come to */
  readonly moves?: Readonly<Record<string, string | null>>;
  /** the columns that are warned about, in order of their names; none unless told */
  readonly warns?: readonly string[];
  /** it stays out: its codes, and the columns that the reason names */
  readonly rejects?: { readonly codes: readonly string[]; readonly columns: readonly string[] };
  /** it becomes part of the target row with this key */
  readonly merges?: { readonly into: string; readonly by: string };
}

export type LegacyRow = Readonly<Record<string, string | null>>;

/** A legacy table with its cases. */
export interface LegacyTable {
  readonly table: string;
  readonly target: string;
  /** SQL types by column; `id` is the primary key */
  readonly columns: Readonly<Record<string, string>>;
  /** the columns of a row without faults, by its number */
  readonly good: (n: number) => LegacyRow;
  /** ids are 1, 2, 3 … where a case has none of its own; UUIDs unless told */
  readonly numbered?: true;
  /** SQL of the target row's legacy key, where the target's key is another */
  readonly legacyKey?: string;
  readonly cases: readonly Case[];
}

export const reject = (code: string, ...columns: string[]): Pick<Case, 'rejects'> => ({
  rejects: { codes: [code], columns },
});
export const invalid = (...columns: string[]): Pick<Case, 'rejects'> => reject('ERR_003', ...columns);
export const orphan = (...columns: string[]): Pick<Case, 'rejects'> => reject('ERR_004', ...columns);
export const duplicate = (...columns: string[]): Pick<Case, 'rejects'> => reject('ERR_005', ...columns);

/** A UUID that tells its number. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The ids of this product: UUIDv5 of the legacy id in the namespace of its kind. They must never change. */
const project = '6f1d3c52-0b7e-5a48-9d26-c41f8a7be0d3';
export const minted = (kind: string, legacyId: string): string => uuidV5(uuidV5(project, kind), legacyId);

/** RFC 9562, section 5.5. */
function uuidV5(namespace: string, name: string): string {
  const digest = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The key of a legacy row in the target. */
export function keyOf(table: string, legacyId: string): string {
  const id = legacyId.trim();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : minted(table, id);
}
