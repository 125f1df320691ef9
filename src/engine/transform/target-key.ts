import type { TupleWriter } from '../target/tuple-writer.js';
import { numericText } from '../values/pg-numeric.js';
import { dateText } from '../values/date.js';
import { timestampText } from '../values/timestamp.js';
import { uuidText } from '../values/uuid.js';
import type { TargetType } from './target-type.js';
import type { ColumnWriter } from './types.js';

/** Reads the target key back out of the tuple just written. */
export interface TargetKeyReader {
  /** a key column's writer that also notes where its field begins */
  noting(column: string, writer: ColumnWriter): ColumnWriter;
  /** one buffer of 16 bytes, reused, for a UUID; text of any other single key, a JSON array of texts of several */
  read(out: TupleWriter): Buffer | string;
}

export function targetKeyReader(
  key: readonly { readonly name: string; readonly type: TargetType }[],
): TargetKeyReader {
  const starts = new Int32Array(key.length);
  const uuid = Buffer.alloc(16);
  const textAt = (i: number, out: TupleWriter): string =>
    fieldText(out.bytes, starts[i] as number, (key[i] as (typeof key)[number]).type);
  const single = key.length === 1;
  const isUuid = single && key[0]?.type.kind === 'uuid';
  return {
    noting(column, writer) {
      const i = key.findIndex(({ name }) => name === column);
      if (i === -1) return writer;
      return (row, context, out) => {
        starts[i] = out.position;
        writer(row, context, out);
      };
    },
    read(out) {
      if (isUuid) {
        const start = (starts[0] as number) + 4;
        for (let i = 0; i < 16; i++) uuid[i] = out.bytes[start + i] as number;
        return uuid;
      }
      if (single) return textAt(0, out);
      return JSON.stringify(key.map((_, i) => textAt(i, out)));
    },
  };
}

/** The text of a field of a tuple; `at` is where its length stands. */
export function fieldText(bytes: Buffer, at: number, type: TargetType): string {
  const length = bytes.readInt32BE(at);
  const start = at + 4;
  switch (type.kind) {
    case 'uuid':
      return uuidText(bytes, start);
    case 'integer':
      return length === 8 ? String(bytes.readBigInt64BE(start)) : String(bytes.readIntBE(start, length));
    case 'numeric':
      return numericText(bytes, start);
    case 'boolean':
      return bytes[start] === 1 ? 'true' : 'false';
    case 'timestamp':
      return timestampText(bytes.readBigInt64BE(start), ' ', type.zoned ? '+00' : '');
    case 'date':
      return dateText(bytes.readInt32BE(start));
    case 'text':
      return bytes.toString('utf8', start, start + length);
    case 'json':
      return bytes.toString('utf8', start + (type.binary ? 1 : 0), start + length);
  }
}
