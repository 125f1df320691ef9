import { Readable } from 'node:stream';
import type { Connection, Submittable } from 'pg';

/** PostgreSQL's messages: one byte for the kind, four for the length of itself and what follows. */
const headBytes = 5;
const copyData = 0x64;
/** What the server may send between rows, and what begins a COPY: of no concern to the rows. */
const besideRows = new Set(Buffer.from('HSNA', 'latin1'));

/** Blocks that wait for the reader, in bytes, before the socket rests. */
const waitingBytes = 256 * 1024;

type BlockReader = (block: Buffer) => void;

function isReader(listener: unknown): listener is BlockReader {
  return typeof listener === 'function';
}

/**
 * What a COPY ... TO STDOUT sends, as a stream of bytes. The frames around the rows are taken out of each block in place
 * as it comes from the socket: a row costs no object of its own, which the streams made for all uses spend five on.
 */
export class CopyOut extends Readable implements Submittable {
  readonly #sql: string;
  #wire: Connection | undefined;
  /** pg's own readers of the socket, which step aside meanwhile */
  #ofDriver: readonly BlockReader[] = [];
  /** of the head of a message that came in two blocks */
  #head = Buffer.alloc(0);
  /** bytes to come of the message that a block ended in */
  #left = 0;
  #isRow = false;

  constructor(sql: string) {
    super({ highWaterMark: waitingBytes });
    this.#sql = sql;
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    this.#ofDriver = stream.listeners('data').filter(isReader);
    stream.removeAllListeners('data');
    this.#wire = connection;
    stream.on('data', this.#take);
    connection.query(this.#sql);
  }

  override _read(): void {
    this.#wire?.stream.resume();
  }

  readonly #take = (block: Buffer): void => {
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, block]) : block;
    this.#head = Buffer.alloc(0);
    let kept = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        const kind = bytes.readUInt8(at);
        this.#isRow = kind === copyData;
        if (!this.#isRow && !besideRows.has(kind)) {
          // The end, or an error: both are the driver's to read.
          this.#push(bytes, kept);
          this.#handBack(bytes.subarray(at));
          return;
        }
        if (bytes.length - at < headBytes) {
          this.#head = Buffer.from(bytes.subarray(at));
          break;
        }
        this.#left = bytes.readUInt32BE(at + 1) + 1 - headBytes;
        at += headBytes;
      }
      const length = Math.min(this.#left, bytes.length - at);
      if (this.#isRow) {
        bytes.copyWithin(kept, at, at + length);
        kept += length;
      }
      at += length;
      this.#left -= length;
    }
    this.#push(bytes, kept);
  };

  #push(bytes: Buffer, length: number): void {
    if (length > 0 && !this.push(bytes.subarray(0, length))) this.#wire?.stream.pause();
  }

  #handBack(rest: Buffer): void {
    const stream = this.#wire?.stream;
    if (!stream) return;
    // What comes next is the driver's own.
    this.#wire = undefined;
    stream.removeListener('data', this.#take);
    for (const reader of this.#ofDriver) stream.on('data', reader);
    stream.resume();
    stream.emit('data', rest);
  }

  /** Called by the driver, which knows of the end of the connection too. */
  handleError(error: Error): void {
    this.destroy(error);
  }

  handleCommandComplete(): void {
    this.push(null);
  }

  handleReadyForQuery(): void {
    // The end has come with the command's.
  }
}
