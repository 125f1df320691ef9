import { connect } from '../../engine/postgres/connect.js';
import type { Contestant, Outcome, RunJob } from '../contestant.js';
import { makeEmptyTable } from '../seed.js';
import type { Peer, ReadyPeer } from './peer.js';

/** A peer, timed from its start to its end. It counts only when all its rows have arrived, whatever it says itself. */
export function contestantOf(peer: Peer): Contestant {
  return {
    ...peer,
    ours: false,
    async find() {
      const found = await peer.find();
      if ('missing' in found) return found;
      return { version: found.version, run: (job) => timedCopy(found, job) };
    },
  };
}

async function timedCopy(peer: ReadyPeer, { workload, ...job }: RunJob): Promise<Outcome> {
  const { table, rows } = workload;
  const client = await connect({ connectionString: job.target });
  try {
    await makeEmptyTable(client, table);
    const begin = performance.now();
    const copied = await peer.copy({ ...job, table, rows });
    const seconds = (performance.now() - begin) / 1000;
    const { rows: counts } = await client.query<{ count: string }>(
      `select count(*) as count from ${table.name}`,
    );
    const arrived = Number(counts[0]?.count);
    if (arrived !== copied) throw new Error(`of ${copied} rows ${arrived} arrived`);
    return { rows: arrived, seconds };
  } finally {
    await client.end();
  }
}
