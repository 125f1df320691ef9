import { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { applicationName } from '../src/config/pool-config.js';
import { connect } from '../src/engine/postgres/connect.js';
import { connectionName, endAttempt, endEarlierAttempts, type AttemptName } from './attempt.js';

/** A stop is promised within 3 seconds: a server that does not let us in by then is left to find out by itself. */
const connectTimeoutMs = 1_000;
const queryTimeoutMs = 5_000;

/**
 * The connections of one attempt to the target. All bear its name, so that the server itself can be told to end them:
 * what it is busy with (an index, a COPY, a long DELETE) then stops at once, and nothing of it is committed.
 */
export class TargetConnections {
  readonly config: ClientConfig;
  readonly #name: AttemptName;
  readonly #sockets = new Set<Socket>();
  #alone: Promise<void> | undefined;
  #stopped = false;

  /** `config`: of the target, under any name */
  constructor(config: ClientConfig, name: AttemptName) {
    this.config = { ...config, application_name: connectionName(name) };
    this.#name = name;
  }

  /** Opens one; what earlier attempts of the same act have left open is ended first. */
  async connect(lockTimeoutMs: number): Promise<Client> {
    // Two chunks that wait for each other's keys, one of them here and not in the server, would wait for ever.
    const client = await connect({ ...this.config, stream: () => this.#socket() }, { lockTimeoutMs });
    try {
      if (this.#stopped) throw new Error('this attempt was stopped');
      this.#alone ??= endEarlierAttempts(client, this.#name);
      await this.#alone;
      return client;
    } catch (error) {
      this.#alone = undefined;
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** Opens one that a stop of the attempt does not end, to look at what it has left. */
  async connectAfresh(): Promise<Client> {
    return connect({
      ...this.config,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
    });
  }

  /**
   * Ends all of them on the server, and lets no new one in. When the server cannot be asked, our ends are cut: it then
   * rolls back what it finds nobody waiting for. `warn` is told why. Never rejects.
   */
  async endAll(warn: (reason: string) => void): Promise<void> {
    this.#stopped = true;
    try {
      const client = await this.connectAfresh();
      try {
        await endAttempt(client, this.#name);
      } finally {
        await client.end().catch(() => undefined);
      }
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
      for (const socket of this.#sockets) socket.destroy();
    }
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
