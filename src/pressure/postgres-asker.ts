import { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { applicationName } from '../config/pool-config.js';
import { connect } from '../engine/postgres/connect.js';
import { databaseError } from '../store/postgres-errors.js';
import { patienceMs, type Asker } from './asker.js';
import type { AnswerRow } from './probe.js';

/** What each value becomes: the text that it came as. */
const texts = { getTypeParser: () => (text: string | Buffer) => String(text) };

/** Throws `MigrationError` ERR_001 when the server cannot be reached or does not let us in. */
export async function openPostgresAsker(server: string, config: ClientConfig): Promise<Asker> {
  const socket = new Socket();
  const client = await connectTo(server, {
    ...config,
    application_name: `${applicationName} watch`,
    connectionTimeoutMillis: patienceMs,
    stream: () => socket,
  });
  return {
    product: 'PostgreSQL',
    ask: async (sql) => {
      try {
        return (await client.query<AnswerRow>({ text: sql, types: texts })).rows;
      } catch (error) {
        throw databaseError(error, server);
      }
    },
    cut: () => {
      client.end().catch(() => undefined);
      socket.destroySoon();
    },
  };
}

async function connectTo(server: string, config: ClientConfig): Promise<Client> {
  try {
    return await connect(config, { readOnly: true });
  } catch (error) {
    throw databaseError(error, server);
  }
}
