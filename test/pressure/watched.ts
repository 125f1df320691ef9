import { loadConfig } from '../../src/config/load-config.js';
import type { PressureServer } from '../../src/contract/status.js';
import { PressureWatch } from '../../src/pressure/pressure-watch.js';
import type { ServerWatch } from '../../src/pressure/server-watch.js';

/** What a worker sees of its servers, looking at them all the time. */
export interface Watched {
  readonly watch: PressureWatch;
  /** what it has had to say in the log */
  readonly notes: readonly string[];
  server(name: PressureServer): ServerWatch;
  /** The words of a strain, once the server shows one of that kind (and such words); waits for it. */
  strain(server: PressureServer, what: string, words?: RegExp): Promise<string>;
  /** Resolves when the server shows none. */
  atEase(server: PressureServer): Promise<void>;
  close(): Promise<void>;
}

export function watchServers(settings: Record<string, string>): Watched {
  const notes: string[] = [];
  const watch = new PressureWatch(loadConfig({ NODE_ENV: 'test', ...settings }));
  watch.join((note) => notes.push(note));
  const server = (name: PressureServer): ServerWatch => {
    const found = watch.servers.find((watched) => watched.server === name);
    if (!found) throw new Error(`nobody watches the ${name}`);
    return found;
  };
  return {
    watch,
    notes,
    server,
    strain: async (name, what, words = /./) => {
      for (;;) {
        const strain = server(name).strains.find((seen) => seen.what === what && words.test(seen.words));
        if (strain) return strain.words;
        await watch.bell.wait(60_000);
      }
    },
    atEase: async (name) => {
      do await watch.bell.wait(60_000);
      while (!server(name).looked || server(name).strains.length > 0);
    },
    close: () => watch.leave(),
  };
}
