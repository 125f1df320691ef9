import { parseJson } from '../values/json-parse.js';
import { jsonText } from '../values/json-text.js';
import { RawRow, type SourceChunk, type SourceColumn } from '../row.js';
import { locateRow } from '../postgres/split-rows.js';
import { textOf } from '../values/wire-text.js';

/**
 * The columns in which two tuples of one table differ by meaning. Bytes that are equal mean the same; others may still
 * (a numeric's display scale, a JSON document's spacing).
 */
export class RowComparer {
  readonly #columns: readonly SourceColumn[];
  readonly #left: RawRow;
  readonly #right: RawRow;

  constructor(columns: readonly SourceColumn[]) {
    this.#columns = columns;
    this.#left = new RawRow(columns.length);
    this.#right = new RawRow(columns.length);
  }

  differences(left: SourceChunk, leftIndex: number, right: SourceChunk, rightIndex: number): string[] {
    locateRow(left, leftIndex, this.#left);
    locateRow(right, rightIndex, this.#right);
    return this.#columns.filter((column) => !this.#equal(column)).map((column) => column.name);
  }

  #equal(column: SourceColumn): boolean {
    const [left, right] = [this.#left, this.#right];
    const { field } = column;
    const [leftLength, rightLength] = [left.length[field] as number, right.length[field] as number];
    if (leftLength === -1 || rightLength === -1) return leftLength === rightLength;
    if (fieldBytes(left, field).equals(fieldBytes(right, field))) return true;
    const read = textOf(column);
    const [a, b] = [read(left) as string, read(right) as string];
    if (column.kind === 'numeric') return trimZeros(a) === trimZeros(b);
    if (column.kind === 'jsonb' || column.kind === 'json')
      return jsonText(parseJson(a)) === jsonText(parseJson(b));
    return a === b;
  }
}

function fieldBytes(row: RawRow, field: number): Buffer {
  const start = row.start[field] as number;
  return row.bytes.subarray(start, start + (row.length[field] as number));
}

function trimZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
