import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { RunEnvironment } from './run-environment.js';

/** Looks every few milliseconds whether the product has a transaction open in the target that has written. */
export interface WriteWatch {
  /** The last moment at which it had one, by `performance.now()`. */
  readonly lastWriteAt: number;
  /** Waits until nothing has been written for so long, in milliseconds. */
  quietFor(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export async function watchWrites({ target }: RunEnvironment): Promise<WriteWatch> {
  const client = new Client({ connectionString: target.url });
  await client.connect();
  let lastWriteAt = 0;
  const stopping = new AbortController();
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      const { rows } = await client.query<{ writes: boolean }>(
        `select exists (select from pg_stat_activity where datname = current_database()
           and application_name like 'nxt-migrate%' and backend_xid is not null) as writes`,
      );
      if (rows[0]?.writes) lastWriteAt = performance.now();
      await sleep(10);
    }
  })();
  return {
    get lastWriteAt() {
      return lastWriteAt;
    },
    quietFor: async (ms) => {
      while (performance.now() - lastWriteAt < ms) await sleep(20);
    },
    stop: async () => {
      stopping.abort();
      await looking;
      await client.end();
    },
  };
}
