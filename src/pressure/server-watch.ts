import { MigrationError } from '../contract/errors.js';
import type { PressureKind, PressureServer } from '../contract/status.js';
import type { Product } from '../prepare/connection-report.js';
import { isFull } from '../store/connection-error.js';
import { patienceMs, type Asker } from './asker.js';
import { Bell } from './bell.js';
import { mariadbProbes, mysqlProbes } from './mysql-probes.js';
import { postgresProbes } from './postgres-probes.js';
import type { AnswerRow, Figure, Probe } from './probe.js';
import { isWatched, limitText, strainOf, type CourtesySettings, type Strain } from './strain.js';

const probesOf: Readonly<Record<Product, readonly Probe[]>> = {
  PostgreSQL: postgresProbes,
  MySQL: mysqlProbes,
  MariaDB: mariadbProbes,
};

const lookEveryMs = 2_000;
/** While something is over its limit: its end should not be missed by much. */
const closeLookEveryMs = 1_000;
/** For the question that is on its way when the watch ends. */
const farewellMs = 100;

/** A strain as several looks have shown it. */
export interface SeenStrain extends Strain {
  /** so far over the limit, twice in a row, that only waiting helps: one bad moment is none */
  readonly pressing: boolean;
}

/**
 * Looks at one server again and again, over one connection, from `begin` to `close`. It fails nobody: a server that does
 * not answer, or not in time, has no strains, and is asked again; what our user may not see is left out, and said once.
 */
export class ServerWatch {
  readonly server: PressureServer;
  readonly #open: () => Promise<Asker>;
  readonly #settings: CourtesySettings;
  readonly #bell: Bell;
  readonly #note: (note: string) => void;
  readonly #closing = new AbortController();
  readonly #unseen = new Set<PressureKind>();
  readonly #pressing = new Map<PressureKind, number>();
  #asker: Asker | undefined;
  #looping: Promise<void> = Promise.resolve();
  #strains: readonly SeenStrain[] = [];
  #connections: readonly Figure[] = [];
  #looked = false;
  /** connections that were promised, and that a look since then need not show yet */
  #promised = 0;

  /** `bell` rings after each look; `note` is told what is worth a line in the log, the same more than once. */
  constructor(parts: {
    server: PressureServer;
    open: () => Promise<Asker>;
    settings: CourtesySettings;
    bell: Bell;
    note: (note: string) => void;
  }) {
    this.server = parts.server;
    this.#open = parts.open;
    this.#settings = parts.settings;
    this.#bell = parts.bell;
    this.#note = parts.note;
  }

  /** As the last look has shown them. */
  get strains(): readonly SeenStrain[] {
    return this.#strains;
  }

  /**
   * In words that go on from "The source …", why so many connections more would not stay within `share` of what there
   * are; undefined when they would, or when that is not known.
   */
  tooFewFor(need: number, share: number): string | undefined {
    if (this.#strains.includes(noConnection)) return noConnection.words;
    const few = this.#connections.find(
      ({ room }) => room && room.used + this.#promised + need > room.usable * share,
    );
    return few && `${few.words}; ${limitText('connections', this.#settings)}`;
  }

  /** Somebody is about to open so many. */
  promise(connections: number): void {
    this.#promised += connections;
  }

  /** There has been a look, whatever came of it. */
  get looked(): boolean {
    return this.#looked;
  }

  begin(): void {
    this.#looping = this.#loop();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.race([this.#looping, new Promise((resolve) => setTimeout(resolve, farewellMs).unref())]);
    this.#letAskerGo();
  }

  /** Asks over the watch's own connection; undefined where there is no answer. */
  async ask(sql: string): Promise<readonly AnswerRow[] | undefined> {
    return this.#asker?.ask(sql).catch(() => undefined);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#look();
      this.#looked = true;
      this.#bell.ring();
      await new Bell().wait(this.#strains.length > 0 ? closeLookEveryMs : lookEveryMs, signal);
    }
  }

  async #look(): Promise<void> {
    const promised = this.#promised;
    try {
      const figures = await inTime(this.#askAll());
      this.#promised -= promised;
      this.#connections = figures.get('connections') ?? [];
      this.#strains = [...figures].flatMap(([what, found]) => this.#judge(what, found));
    } catch (error) {
      this.#letAskerGo();
      this.#connections = [];
      this.#pressing.clear();
      this.#strains = isFull(error) && isWatched('connections', this.#settings) ? [noConnection] : [];
      const reason = error instanceof Error ? error.message : String(error);
      if (!isFull(error)) this.#note(`The ${this.server} cannot be watched at the moment: ${reason}`);
    }
  }

  async #askAll(): Promise<Map<PressureKind, readonly Figure[]>> {
    const asker = (this.#asker ??= await this.#openUnlessClosing());
    const found = new Map<PressureKind, readonly Figure[]>();
    for (const { what, sql, figures } of probesOf[asker.product]) {
      if (!isWatched(what, this.#settings) || this.#unseen.has(what)) continue;
      const answer = await answerTo(asker, sql);
      const read = answer === 'unseen' ? answer : figures(answer);
      if (read !== 'unseen') found.set(what, read);
      else {
        this.#unseen.add(what);
        this.#note(`Our user may not see the ${words[what]} of the ${this.server}; it is not watched.`);
      }
    }
    return found;
  }

  async #openUnlessClosing(): Promise<Asker> {
    const asker = await this.#open();
    if (!this.#closing.signal.aborted) return asker;
    asker.cut();
    throw new Error('the watch has ended');
  }

  #judge(what: PressureKind, figures: readonly Figure[]): SeenStrain[] {
    const strain = strainOf(what, figures, this.#settings);
    const looks = strain && strain.degree >= 2 ? (this.#pressing.get(what) ?? 0) + 1 : 0;
    this.#pressing.set(what, looks);
    return strain ? [{ ...strain, pressing: looks >= 2 }] : [];
  }

  #letAskerGo(): void {
    this.#asker?.cut();
    this.#asker = undefined;
  }
}

const words: Readonly<Record<PressureKind, string>> = {
  'replication-lag': 'replication lag',
  connections: 'connections',
  load: 'load',
};

/** What a server shows that does not let our own question in. */
const noConnection: SeenStrain = {
  what: 'connections',
  degree: Number.POSITIVE_INFINITY,
  words: 'has no connection to spare',
  pressing: true,
};

/** Statements that the server does not know or does not allow tell us nothing; any other failure is the server's. */
async function answerTo(asker: Asker, sql: readonly string[]): Promise<readonly AnswerRow[] | 'unseen'> {
  for (const statement of sql)
    try {
      return await asker.ask(statement);
    } catch (error) {
      if (!(error instanceof MigrationError) || !(error.code === 'ERR_002' || error.code === 'ERR_003'))
        throw error;
    }
  return 'unseen';
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it has not answered in time')), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
