import type { RejectCode } from '../../contract/errors.js';
import type { Cell, LegacyColumn, LegacyRow, LegacyTable } from '../legacy-tables.js';

/** What a migration must do with a row that is wrong in this way. */
export type Expected =
  | { outcome: 'reject'; code: RejectCode }
  /** The row moves, and a warning is recorded. */
  | { outcome: 'warning' }
  /** The row moves as it is (after trimming), without a warning. */
  | { outcome: 'kept' };

/** What a kind of dirt can look up while it spoils a row. */
export interface Surroundings {
  /** The row's number in its table, from 0. */
  index: number;
  /** Another row of any table that no dirt is planted in. */
  clean<T extends LegacyTable>(table: T): LegacyRow<T>;
  /** A row that must be rejected, as it was before it was spoiled; only of kinds in `needs`. */
  rejected<T extends LegacyTable>(table: T): LegacyRow<T>;
  /** The row with this number, as it was before any dirt. */
  at<T extends LegacyTable>(table: T, index: number): LegacyRow<T>;
  /** A UUID that no row has. */
  unknownId(): string;
}

/** One way in which a row is wrong, or only odd. */
export interface Dirt<T extends LegacyTable> {
  kind: string;
  expected: Expected;
  spoil(row: LegacyRow<T>, around: Surroundings): void;
  /** Only planted when a rejected row of this table exists (of one of these kinds, where given). */
  needs?: { table: LegacyTable; kinds?: readonly string[] };
  /** For vendors: planted in those that are a supplier's company too; all others go to those that are not. */
  ofSupplier?: true;
  /** Planted in exactly these rows of the table, instead of drawn ones. */
  rows?: (count: number) => readonly number[];
}

const invalid: Expected = { outcome: 'reject', code: 'ERR_003' };
const orphan: Expected = { outcome: 'reject', code: 'ERR_004' };
const duplicate: Expected = { outcome: 'reject', code: 'ERR_005' };
const warning: Expected = { outcome: 'warning' };
const kept: Expected = { outcome: 'kept' };

type Values<T extends LegacyTable> = Partial<LegacyRow<T>>;
type Spoil<T extends LegacyTable> = Values<T> | ((row: LegacyRow<T>, around: Surroundings) => Values<T>);

/** Makers of dirt for one table: the values to write over the row's, or a function that tells them. */
export function dirtFor<T extends LegacyTable>() {
  const make =
    (expected: Expected) =>
    (kind: string, values: Spoil<T>, more: Pick<Dirt<T>, 'needs' | 'ofSupplier' | 'rows'> = {}): Dirt<T> => ({
      kind,
      expected,
      ...more,
      spoil(row, around) {
        Object.assign(row, typeof values === 'function' ? values(row, around) : values);
      },
    });
  return {
    rejects: make(invalid),
    orphans: make(orphan),
    duplicates: make(duplicate),
    warns: make(warning),
    keeps: make(kept),
  };
}

function writes<T extends LegacyTable>(
  expected: Expected,
  kind: string,
  column: LegacyColumn<T>,
  value: Cell,
): Dirt<T> {
  return {
    kind,
    expected,
    spoil(row) {
      row[column] = value;
    },
  };
}

/** Texts that loaders are known to bend. Each is kept as it is, but for white space at its ends. */
const oddTexts = {
  tab_newline: 'first line\n\tsecond\tline\r\nthird\vline\fend',
  backslashes: 'C:\\temp\\new\\u0041 \\N \\. \\\\server\\x41',
  copy_end: '\\.',
  copy_end_line: 'before\n\\.\nafter',
  copy_null: '\\N',
  quotes: `it's "so" \`called\` ''; DROP TABLE legacy_customers; --`,
  emoji: '🔧🧴 ☕️ 👩‍🍳 wholesale 🇵🇱',
  zero_width: 'soft\u00ADhyphen and zero\u200Bwidth\u200Djoined \u202Eleft',
  no_break_space: '\u00A0\u2003padded with wide spaces\u3000\uFEFF',
  combining: 'Zu\u0308rich, A\u030Angstro\u0308m, \uFB01n',
  null_word: 'NULL',
  white_space_only: ' \t\u00A0 ',
  empty: '',
} as const;

/** The odd texts, in an optional text column of the table. */
export function oddTextsIn<T extends LegacyTable>(column: LegacyColumn<T>): Dirt<T>[] {
  return Object.entries(oddTexts).map(([name, text]) => writes<T>(kept, `${column}_${name}`, column, text));
}

/** A required text that is not there, in the three ways a table can hold. */
export function missingText<T extends LegacyTable>(column: LegacyColumn<T>): Dirt<T>[] {
  return [
    writes<T>(invalid, `${column}_null`, column, null),
    writes<T>(invalid, `${column}_empty`, column, ''),
    writes<T>(invalid, `${column}_blank`, column, ' \u00A0\t '),
  ];
}

/** A text of `length` characters in a column whose target holds fewer. */
export function tooLong<T extends LegacyTable>(column: LegacyColumn<T>, length: number): Dirt<T> {
  const text = 'overlong '.repeat(Math.ceil(length / 9)).slice(0, length - 1);
  return writes<T>(invalid, `${column}_too_long`, column, `${text}!`);
}

/** E-mail addresses that are none. */
export function badEmails<T extends LegacyTable>(column: LegacyColumn<T>): Dirt<T>[] {
  const wrong = {
    no_at: 'sales.example.com',
    no_dot: 'sales@localhost',
    two_ats: 'sales@@example.com',
    two_dots: 'sales@example..com',
    inner_space: 'sales desk@example.com',
    list: 'sales@example.com;office@example.com',
  };
  return Object.entries(wrong).map(([name, text]) => writes<T>(invalid, `${column}_${name}`, column, text));
}

/** Money texts that are no plain decimal; written with the numeric alternative left empty. */
export const badMoneyTexts = {
  dollar: '$5',
  thousands: '1,234.50',
  nan: 'NaN',
  exponent: '1e3',
  bare_point: '.5',
  plus: '+5.00',
} as const;
