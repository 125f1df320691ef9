import type { ClientBase } from 'pg';
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams';
import { CopyOut } from './copy-out.js';

/**
 * COPY streams whose late errors concern nobody. Whoever reads or writes such a stream hears its errors; one that comes
 * after that, because the connection is ended on purpose, would otherwise have no listener and end the process.
 */
export function copyOut(client: ClientBase, sql: string): CopyOut {
  const stream = client.query(new CopyOut(sql));
  stream.on('error', () => undefined);
  return stream;
}

export function copyIn(client: ClientBase, sql: string): CopyStreamQuery {
  const stream = client.query(copyFrom(sql));
  stream.on('error', () => undefined);
  return stream;
}
