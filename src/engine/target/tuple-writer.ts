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
    if (this.position + size <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
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
    this.position = this.bytes.writeInt32BE(-1, this.position);
  }

  /** A field whose bytes are a slice of another buffer. */
  copy(source: Buffer, start: number, length: number): void {
    this.reserve(4 + length);
    const at = this.bytes.writeInt32BE(length, this.position);
    // Short runs are faster byte by byte than through the native copy.
    if (length < 32) for (let i = 0; i < length; i++) this.bytes[at + i] = source[start + i] as number;
    else source.copy(this.bytes, at, start, start + length);
    this.position = at + length;
  }

  /** A field of UTF-8 text. */
  text(value: string): void {
    const most = value.length * 3;
    this.reserve(4 + most);
    const written = this.bytes.write(value, this.position + 4, 'utf8');
    this.bytes.writeInt32BE(written, this.position);
    this.position += 4 + written;
  }

  int16(value: number): void {
    this.reserve(6);
    this.position = this.bytes.writeInt16BE(value, this.bytes.writeInt32BE(2, this.position));
  }

  int32(value: number): void {
    this.reserve(8);
    this.position = this.bytes.writeInt32BE(value, this.bytes.writeInt32BE(4, this.position));
  }

  int64(value: bigint): void {
    this.reserve(12);
    this.position = this.bytes.writeBigInt64BE(value, this.bytes.writeInt32BE(8, this.position));
  }

  bool(value: boolean): void {
    this.reserve(5);
    const at = this.bytes.writeInt32BE(1, this.position);
    this.bytes[at] = value ? 1 : 0;
    this.position = at + 1;
  }

  /** Starts a field whose length is not known yet; returns the mark to hand to `endField`. */
  beginField(): number {
    this.reserve(4);
    const mark = this.position;
    this.position += 4;
    return mark;
  }

  endField(mark: number): void {
    this.bytes.writeInt32BE(this.position - mark - 4, mark);
  }
}
