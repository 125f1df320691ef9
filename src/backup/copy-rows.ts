import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MigrationError } from '../contract/errors.js';
import { databaseError } from '../store/postgres-errors.js';
import type { Transaction } from './transaction.js';
import { copyOut, copyIn } from '../store/copy-streams.js';

/** `binary` where both servers know all the types; `text` for values that one side keeps as their text. */
export type CopyFormat = 'binary' | 'text';

export interface CopyOptions {
  readonly format: CopyFormat;
  readonly signal: AbortSignal;
  /** told the bytes so far, a few times a second */
  readonly onBytes: (bytes: number) => void;
}

/** A COPY through which nothing has come for so long is taken for dead, in milliseconds. */
const stallMs = 120_000;
const reportEveryMs = 250;

/**
 * Streams rows from one server to the other in COPY's own format; memory is bounded by the sockets' buffers.
 *
 * `select` is a query and `into` a table with its column list in the same order. Resolves with the rows that the
 * receiving server counted and the bytes that went through. After an error neither transaction can be used.
 */
export async function copyRows(
  source: Transaction,
  select: string,
  target: Transaction,
  into: string,
  options: CopyOptions,
): Promise<{ rows: number; bytes: number }> {
  const reader = copyOut(source.client, `copy (${select}) to stdout (format ${options.format})`);
  const writer = copyIn(target.client, `copy ${into} from stdin (format ${options.format})`);
  const meter = new Meter(options.onBytes);

  // The pipeline hands the first error to every stream, so only the first to fail says where it happened.
  let failedAt: string | undefined;
  reader.once('error', () => (failedAt ??= source.label));
  writer.once('error', () => (failedAt ??= target.label));
  try {
    await pipeline(reader, meter, writer, { signal: options.signal });
  } catch (error) {
    throw databaseError(error, failedAt ?? source.label);
  }
  return { rows: writer.rowCount, bytes: meter.bytes };
}

/** Counts the bytes that pass and fails when none do: a socket may fall silent without being closed. */
class Meter extends Transform {
  bytes = 0;
  readonly #onBytes: (bytes: number) => void;
  readonly #stall: NodeJS.Timeout;
  #reportedAt = 0;

  constructor(onBytes: (bytes: number) => void) {
    super();
    this.#onBytes = onBytes;
    this.#stall = setTimeout(() => this.destroy(stalled()), stallMs);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.#stall.refresh();
    const now = performance.now();
    if (now - this.#reportedAt >= reportEveryMs) {
      this.#reportedAt = now;
      this.#onBytes(this.bytes);
    }
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    clearTimeout(this.#stall);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#stall);
    done(error);
  }
}

function stalled(): MigrationError {
  return new MigrationError(
    'ERR_001',
    `The copy between two databases stood still for ${stallMs / 1000} s.`,
    {
      transient: true,
      next: 'It is tried again by itself; if it stays so, see both servers and the network between.',
    },
  );
}
