import { keyReader } from '../decisions.js';
import { RawRow } from '../row.js';
import type { KeyBounds, SourceDatabase } from '../source/types.js';
import type { StepSource } from '../step.js';

/** A part of a legacy table, and about how many rows are in it. */
export interface KeyRange extends KeyBounds {
  readonly rows: number;
}

/** Keys looked at for each range: their middle is then off by a few per cent. */
const samplesPerRange = 1_000;
/** A table is never cut into more, whatever its size: each range costs a reading of its own. */
const mostRanges = 1_000;
/** Where rows of a range lie all over the table, each range reads nearly all of its pages. */
const mostScatteredRanges = 4;

/** Into how many ranges a table of so many rows is cut. */
export function rangeCount(rows: number, rangeRows: number, clustered: boolean): number {
  const wanted = Math.floor(rows / rangeRows);
  return Math.max(1, Math.min(wanted, clustered ? mostRanges : mostScatteredRanges));
}

/**
 * Cuts a legacy table into ranges of about `rangeRows` rows each, by its key: borders are keys of an even sample of the
 * rows, in the order of the server, so that skewed, sparse and negative keys, texts of any collation and keys of several
 * columns all give even ranges. The first range has no lower bound and the last one no upper bound.
 */
export async function cutRanges(
  database: SourceDatabase,
  source: StepSource,
  rows: number,
  rangeRows: number,
  signal: AbortSignal,
): Promise<KeyRange[]> {
  const wanted = rangeCount(rows, rangeRows, source.table.clustered);
  const borders = wanted === 1 ? [] : await evenBorders(database, source, rows, wanted, signal);
  const bounds = [null, ...borders, null];
  return bounds.slice(1).map((upper, i) => ({
    lower: bounds[i] ?? null,
    upper,
    rows: Math.round(rows / (borders.length + 1)),
  }));
}

/** The keys at which a table falls into so many even parts; fewer where the sample does not tell so many apart. */
async function evenBorders(
  database: SourceDatabase,
  source: StepSource,
  rows: number,
  parts: number,
  signal: AbortSignal,
): Promise<string[][]> {
  const narrow: StepSource = { ...source, table: database.only(source.table, source.table.key) };
  const keyOf = keyReader(narrow);
  const row = new RawRow(narrow.table.columns.length);
  const sample: string[][] = [];
  const chunks = database.read(narrow.table, {
    limit: { rows: 1 << 14, bytes: 1 << 20 },
    share: Math.min(1, (parts * samplesPerRange) / rows),
    signal,
  });
  for await (const chunk of chunks)
    for (let i = 0; i < chunk.rows; i++) {
      database.locate(chunk, i, row);
      sample.push(keyOf(row));
    }
  const borders: string[][] = [];
  for (let part = 1; part < parts; part++) {
    const border = sample[Math.floor((sample.length * part) / parts)];
    if (border && border.join('\0') !== borders.at(-1)?.join('\0')) borders.push(border);
  }
  return borders;
}
