/**
 * A source row as it came over the wire: fields are byte ranges of one buffer, so that what no rule looks at is never
 * decoded. One `RawRow` object is reused for every row.
 */
export class RawRow {
  bytes: Buffer = Buffer.alloc(0);
  /** first byte of each field in `bytes` */
  readonly start: Int32Array;
  /** byte length of each field; -1 is SQL NULL */
  readonly length: Int32Array;

  constructor(fields: number) {
    this.start = new Int32Array(fields);
    this.length = new Int32Array(fields).fill(-1);
  }

  isNull(field: number): boolean {
    return this.length[field] === -1;
  }
}

/** What a field's bytes are. `text` stands for every type that the server was asked to write as text. */
export type WireKind =
  | 'text'
  | 'uuid'
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'numeric'
  | 'timestamp'
  | 'timestamptz'
  | 'date'
  | 'json'
  | 'jsonb';

/**
 * How one column of a source arrives. `encoding` says what the bytes look like: PostgreSQL's binary format, or the
 * text that the server itself would print (MySQL sends everything that way).
 */
export interface SourceColumn {
  readonly name: string;
  /** the type as the source's server names it, for people */
  readonly type: string;
  readonly nullable: boolean;
  readonly kind: WireKind;
  readonly encoding: 'pg-binary' | 'text';
  /** position in the row as it is read */
  readonly field: number;
}

/** A run of whole source rows in one buffer: what one target transaction will hold. */
export interface SourceChunk {
  readonly bytes: Buffer;
  /** first byte of each row, and behind the last one the end: `rows + 1` entries */
  readonly offsets: Int32Array;
  readonly rows: number;
  /** gives its buffer back, to be used again; the chunk has no bytes any more. Left out, the collector sees to it */
  readonly release?: () => void;
}
