import type { ClientBase } from 'pg';
import {
  from as copyFrom,
  to as copyTo,
  type CopyStreamQuery,
  type CopyToStreamQuery,
} from 'pg-copy-streams';

/**
 * COPY streams whose late errors concern nobody. Whoever reads or writes such a stream hears its errors; one that comes
 * after that, because the connection is ended on purpose, would otherwise have no listener and end the process.
 */
export function copyOut(client: ClientBase, sql: string): CopyToStreamQuery {
  const stream = client.query(copyTo(sql));
  stream.on('error', () => undefined);
  return stream;
}

export function copyIn(client: ClientBase, sql: string): CopyStreamQuery {
  const stream = client.query(copyFrom(sql));
  stream.on('error', () => undefined);
  return stream;
}
