import type { ClientBase } from 'pg';

/** Names the chunks of one range. */
export interface RangePlace {
  readonly run: string;
  readonly step: string;
  readonly sourceTable: string;
  readonly range: number;
}

/** The name under which whoever moves a range holds its advisory lock. */
export function rangeLock({ run, step, sourceTable, range }: RangePlace): string {
  return [run, step, sourceTable, range].join('/');
}

/** The last chunk of a range that is in; commits keep the order, so all before it are in too. */
export async function lastChunkOf(
  client: ClientBase,
  place: RangePlace,
): Promise<{ chunk: number; lastKey: string[] } | undefined> {
  const { rows } = await client.query<{ chunk: number; lastKey: string[] }>(
    `select chunk, last_key as "lastKey" from migration.chunks
     where run = $1 and step = $2 and source_table = $3 and range = $4 order by chunk desc limit 1`,
    [place.run, place.step, place.sourceTable, place.range],
  );
  return rows[0];
}
