import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Client } from 'pg';
import type { PassPoint } from '../../observe/fault-point.js';
import { quoteIdent, quoteTable } from '../../store/quote.js';
import { trailer } from '../postgres/split-rows.js';
import type { PreparedChunk } from './prepared-chunk.js';
import { copyIn } from '../../store/copy-streams.js';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Bytes of one write: large enough to cost few calls, small enough for the socket to drain meanwhile. */
const writeBytes = 256 * 1024;

/** Copies the tuples at these ascending positions into the table, and makes sure that the server took as many. */
export async function copyTuples(
  client: Client,
  table: string,
  chunk: PreparedChunk,
  positions: Int32Array,
  at?: PassPoint,
): Promise<void> {
  const columns = chunk.columns.map(quoteIdent).join(', ');
  const sink = copyIn(client, `copy ${quoteTable(table)} (${columns}) from stdin (format binary)`);
  const done = finished(sink);
  // The outcome is awaited below; until then a failure must not count as unhandled.
  done.catch(() => undefined);
  sink.write(signature);
  for (const [from, to] of runsOf(chunk, positions))
    for (let next = from; next < to && !sink.destroyed; next += writeBytes) {
      const more = sink.write(chunk.tuples.bytes.subarray(next, Math.min(next + writeBytes, to)));
      at?.('in-copy');
      if (!more) await Promise.race([once(sink, 'drain'), done]);
    }
  if (!sink.destroyed) sink.end(trailer);
  await done;
  if (sink.rowCount !== positions.length)
    throw new Error(`${table}: ${positions.length} rows were sent, the server took ${sink.rowCount}`);
}

/** The tuples as runs of bytes: where each begins and ends. */
function* runsOf(
  { tupleStarts }: PreparedChunk,
  positions: Int32Array,
): Generator<readonly [from: number, to: number]> {
  for (let first = 0; first < positions.length;) {
    let last = first;
    while (last + 1 < positions.length && positions[last + 1] === (positions[last] as number) + 1) last++;
    yield [
      tupleStarts[positions[first] as number] as number,
      tupleStarts[(positions[last] as number) + 1] as number,
    ];
    first = last + 1;
  }
}
