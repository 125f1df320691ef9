import { createHash } from 'node:crypto';
import type { EngineName } from '../../helpers/source-engines.js';

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
  /** what is otherwise on some source servers */
  readonly otherwise?: Readonly<Partial<Record<EngineName, Otherwise>>>;
}

/** Of a case on one source server. */
export interface Otherwise {
  readonly because: string;
  /** the server refuses the row, which is proved */
  readonly cannotBe?: true;
  /** columns over those of the case's row */
  readonly row?: LegacyRow;
  /** what its target row comes to, over what the case says; a case that is a reject elsewhere is none here */
  readonly moves?: NonNullable<Case['moves']>;
  /** in the place of the case's warnings */
  readonly warns?: readonly string[];
  /** it stays out here, wherever it moves elsewhere */
  readonly rejects?: NonNullable<Case['rejects']>;
}

export type LegacyRow = Readonly<Record<string, string | null>>;

/** A legacy table with its cases. */
export interface LegacyTable {
  readonly table: string;
  readonly target: string;
  /** PostgreSQL's types by column; `id` is the primary key */
  readonly columns: Readonly<Record<string, string>>;
  /** statements that make types in PostgreSQL */
  readonly types?: readonly string[];
  /** the types in MySQL and MariaDB, where they are not simply the nearest ones */
  readonly mysqlColumns?: Readonly<Record<string, string>>;
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

/** Some of the case is another in MySQL and MariaDB. */
export const inMysql = (because: string, parts: Omit<Otherwise, 'because'>): Pick<Case, 'otherwise'> => ({
  otherwise: { MySQL: { because, ...parts }, MariaDB: { because, ...parts } },
});
/** MySQL and MariaDB do not take the row. */
export const notInMysql = (because: string): Pick<Case, 'otherwise'> => inMysql(because, { cannotBe: true });
/** PostgreSQL does not take the row. */
export const onlyInMysql = (because: string): Pick<Case, 'otherwise'> => ({
  otherwise: { PostgreSQL: { because, cannotBe: true } },
});

/** A case as it is on one source server. */
export interface CaseHere extends Omit<Case, 'otherwise'> {
  /** why there can be none */
  readonly cannotBe?: string;
}

export function caseOn({ otherwise, ...one }: Case, engine: EngineName): CaseHere {
  const here = otherwise?.[engine];
  if (!here) return one;
  if (here.cannotBe) return { ...one, cannotBe: here.because };
  const { moves, rejects, ...rest } = { ...one, row: { ...one.row, ...here.row } };
  const warns = here.warns ?? one.warns ?? [];
  if (here.rejects) return { ...rest, warns, rejects: here.rejects };
  if (here.moves) return { ...rest, warns, moves: { ...moves, ...here.moves } };
  return { ...rest, warns, ...(moves && { moves }), ...(rejects && { rejects }) };
}

export const noInfinity = 'the times of MySQL and MariaDB have no infinity';
export const noEras = 'the times of MySQL and MariaDB begin with the year 0';
export const noZeroDates = 'every date of PostgreSQL is a day of the calendar';

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
