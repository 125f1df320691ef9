/**
 * Writes tuples of PostgreSQL's binary COPY format into one growing, reused buffer.
 * Source of the format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export class TupleWriter {
  bytes: Buffer;
  position = 0;

  constructor(initialBytes = 1 << 20) {
    this.bytes = Buffer.allocUnsafe(initialBytes);
  }

  /** Makes room for `size` more bytes; call before writing through `bytes` directly. */
  reserve(size: number): void {
    if (this.position + size > this.bytes.length) this.#grow(size);
  }

  #grow(size: number): void {
    let capacity = Math.max(this.bytes.length, 64) * 2;
    while (capacity < this.position + size) capacity *= 2;
    const larger = Buffer.allocUnsafe(capacity);
    this.bytes.copy(larger, 0, 0, this.position);
    this.bytes = larger;
  }

  beginRow(fields: number): void {
    this.reserve(2);
    this.position = this.bytes.writeInt16BE(fields, this.position);
  }

  null(): void {
    this.reserve(4);
    put32(this.bytes, this.position, -1);
    this.position += 4;
  }

  /** A field whose bytes are a slice of another buffer. */
  copy(source: Buffer, start: number, length: number): void {
    this.reserve(4 + length);
    put32(this.bytes, this.position, length);
    this.position += 4;
    this.raw(source, start, length);
  }

  /** Bytes of another buffer inside a field that is being written. */
  raw(source: Buffer, start: number, length: number): void {
    this.reserve(length);
    const { bytes, position } = this;
    // Short runs are faster byte by byte than through the native copy.
    if (length < 160) for (let i = 0; i < length; i++) bytes[position + i] = source[start + i] as number;
    else source.copy(bytes, position, start, start + length);
    this.position = position + length;
  }

  /** One byte inside a field that is being written. */
  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  /** A field of UTF-8 text. */
  text(value: string): void {
    const mark = this.beginField();
    this.utf8(value);
    this.endField(mark);
  }

  /** Text inside a field that is being written. */
  utf8(value: string): void {
    this.reserve(value.length * 3);
    this.position += this.bytes.write(value, this.position, 'utf8');
  }

  int16(value: number): void {
    this.reserve(6);
    this.position = this.bytes.writeInt16BE(value, this.bytes.writeInt32BE(2, this.position));
  }

  int32(value: number): void {
    this.reserve(8);
    put32(this.bytes, this.position, 4);
    put32(this.bytes, this.position + 4, value);
    this.position += 8;
  }

  int64(value: bigint): void {
    this.reserve(12);
    this.position = this.bytes.writeBigInt64BE(value, this.bytes.writeInt32BE(8, this.position));
  }

  /** A 64-bit integer by its halves: `high` signed, `low` unsigned, both below 2^32. */
  halves(high: number, low: number): void {
    this.reserve(12);
    put32(this.bytes, this.position, 8);
    put32(this.bytes, this.position + 4, high);
    put32(this.bytes, this.position + 8, low);
    this.position += 12;
  }

  bool(value: boolean): void {
    this.reserve(5);
    put32(this.bytes, this.position, 1);
    this.bytes[this.position + 4] = value ? 1 : 0;
    this.position += 5;
  }

  /** Starts a field whose length is not known yet; returns the mark to hand to `endField`. */
  beginField(): number {
    this.reserve(4);
    const mark = this.position;
    this.position += 4;
    return mark;
  }

  endField(mark: number): void {
    put32(this.bytes, mark, this.position - mark - 4);
  }
}

function put32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
