import type { Config } from '../config/config.js';
import { poolConfigOf } from '../config/pool-config.js';
import type { PressureServer } from '../contract/status.js';
import { mysqlConfigOf } from '../engine/mysql/connect.js';
import { patienceMs, type Asker } from './asker.js';
import { Bell } from './bell.js';
import { openMysqlAsker } from './mysql-asker.js';
import { openPostgresAsker } from './postgres-asker.js';
import { ServerWatch } from './server-watch.js';

export type WatchedConfig = Pick<Config, 'source' | 'target' | 'database' | 'limits' | 'courtesy'>;

/**
 * What a worker sees of the source and the target while it moves or compares rows: one connection to each, however many
 * attempts are at it; opened for the first of them, and closed behind the last.
 */
export class PressureWatch {
  /** rings whenever one of the servers was looked at */
  readonly bell = new Bell();
  readonly #config: WatchedConfig;
  readonly #said = new Set<string>();
  #servers: readonly ServerWatch[] = [];
  #guests = 0;

  constructor(config: WatchedConfig) {
    this.#config = config;
  }

  /** Source and target while anybody has joined; none when every limit is off. */
  get servers(): readonly ServerWatch[] {
    return this.#servers;
  }

  /** Call `leave` as often. `note` is told what is worth a line in the log, each thing once for this worker. */
  join(note: (note: string) => void): void {
    if (++this.#guests > 1 || Object.values(this.#config.courtesy).every((limit) => limit === undefined))
      return;
    const once = (text: string): void => {
      if (this.#said.has(text)) return;
      this.#said.add(text);
      note(text);
    };
    this.#servers = (['source', 'target'] as const).map(
      (server) =>
        new ServerWatch({
          server,
          open: () => openAsker(server, this.#config),
          settings: this.#config.courtesy,
          bell: this.bell,
          note: once,
        }),
    );
    for (const watch of this.#servers) watch.begin();
  }

  /** Resolves when the connections are gone, if this was the last that had joined. */
  async leave(): Promise<void> {
    if (--this.#guests > 0) return;
    const left = this.#servers;
    this.#servers = [];
    await Promise.all(left.map((watch) => watch.close()));
  }
}

function openAsker(server: PressureServer, config: WatchedConfig): Promise<Asker> {
  const url = config[server];
  return url.dialect === 'mysql'
    ? openMysqlAsker(server, mysqlConfigOf(url, { connectionTimeoutMs: patienceMs }))
    : openPostgresAsker(server, poolConfigOf(url, config, { statementTimeoutMs: patienceMs }));
}
