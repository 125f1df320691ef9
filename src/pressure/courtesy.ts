import type { PressureServer, Throttle } from '../contract/status.js';
import { isFull } from '../store/connection-error.js';
import type { PressureWatch } from './pressure-watch.js';
import type { SeenStrain } from './server-watch.js';

/** Connections that an attempt opens, by server. */
export type Need = Readonly<Record<PressureServer, number>>;

/** What a piece of work is given to be courteous. */
export interface Turn {
  /** aborted: end softly, be it because the attempt was told to or because the servers are to be left alone for a while */
  readonly pause: AbortSignal;
  /** rests before the next chunk for as long as it should; at an end at once when `signal` is aborted */
  readonly pace: (signal: AbortSignal) => Promise<void>;
}

/** How long to wait for the first look before anything is said of the servers, and between two looks at what they said. */
const firstLookMs = 1_000;
const waitMs = 1_000;
/** A rest is at most as long; a figure that is still over its limit then gets another one after the next chunk. */
const longestRestMs = 10_000;
/** Rests by how far a figure is over its limit: at a quarter over it, as long as the work since the last one. */
const restFactor = 4;

interface Parts {
  readonly watch: PressureWatch;
  /** the first of those that work side by side: it goes on although connections are few, so that the work comes to an end */
  readonly first: boolean;
  readonly need: Need;
  /** told what slows the work, and null when nothing does any more */
  readonly report: (throttle: Throttle | null) => void;
  readonly warn: (note: string) => void;
  /** Whether there is any work left; those that wait for connections have none to find out. */
  readonly isLeft: () => Promise<boolean>;
  /** share of the connections that may be in use; undefined: not watched */
  readonly maxConnectionShare: number | undefined;
}

/**
 * The regard of one attempt for the servers it works on. Over a limit it rests between chunks; far over one it ends its
 * work softly, which closes its readings and connections, and waits until the figure is under the limit. (A reading that
 * stayed open would hold up the very standby that it waits for.)
 */
export class Courtesy {
  readonly #parts: Parts;
  #letGo = new AbortController();
  #workedSince = performance.now();
  #throttle: Throttle | null = null;
  #toldOfFewConnections = false;
  #watching = true;
  #waiting = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Does `work` as often as it takes: again, when it was let go of for a server's sake before it was `isOver`, or when a
   * server had no connection for it. `pause` is the attempt's own; the last turn's answer or error is answered.
   */
  async inTurns<T>(
    pause: AbortSignal,
    work: (turn: Turn) => Promise<T>,
    isOver: (result: T) => boolean,
  ): Promise<T> {
    void this.#keepWatching();
    try {
      for (let refused = false; ;) {
        await this.#untilWelcome(pause, refused);
        const letGo = (this.#letGo = new AbortController());
        this.#workedSince = performance.now();
        try {
          const pace = (signal: AbortSignal) => this.#pace(signal);
          const result = await work({ pause: AbortSignal.any([pause, letGo.signal]), pace });
          if (!letGo.signal.aborted || pause.aborted || isOver(result)) return result;
          refused = false;
        } catch (error) {
          refused = isFull(error) && this.#parts.maxConnectionShare !== undefined;
          if (pause.aborted || !(refused || error instanceof LetGo)) throw error;
        }
      }
    } finally {
      this.#watching = false;
      this.#parts.watch.bell.ring();
      this.#say(null);
    }
  }

  /** While it works: says what slows it, and lets go where only waiting helps. */
  async #keepWatching(): Promise<void> {
    while (this.#watching) {
      await this.#parts.watch.bell.wait(waitMs);
      if (!this.#watching || this.#waiting) continue;
      const slowing = this.#slowing();
      if (slowing?.strain.pressing || this.#isCrowded()) this.#letGo.abort(new LetGo());
      else this.#say(slowing ? throttleOf(slowing, 'The run rests between chunks.') : null);
    }
  }

  /** Until the servers bear it that work begins; at once when `pause` is aborted. `refused`: one had no connection. */
  async #untilWelcome(pause: AbortSignal, refused: boolean): Promise<void> {
    const { watch, need, first, isLeft } = this.#parts;
    this.#waiting = true;
    if (!first) await this.#firstLook(pause);
    if (refused) await watch.bell.wait(waitMs, pause);
    let reason = this.#reasonToWait({ refused, held: false });
    while (reason && !pause.aborted) {
      this.#say(reason);
      await watch.bell.wait(waitMs, pause);
      if (!first && !(await isLeft())) break;
      reason = this.#reasonToWait({ refused, held: true });
    }
    for (const server of watch.servers) server.promise(need[server.server]);
    this.#waiting = false;
    // A server that has refused us may do so again: it is forgotten when the work has gone on for a while.
    if (!refused) this.#say(null);
  }

  async #firstLook(pause: AbortSignal): Promise<void> {
    const { bell, servers } = this.#parts.watch;
    const until = performance.now() + firstLookMs;
    while (servers.some(({ looked }) => !looked) && performance.now() < until && !pause.aborted)
      await bell.wait(until - performance.now(), pause);
  }

  /** `held`: it waits already, and goes on only when nothing is over a limit any more. */
  #reasonToWait({ refused, held }: { refused: boolean; held: boolean }): Throttle | undefined {
    const slowing = this.#slowing();
    if (slowing && (slowing.strain.pressing || held))
      return throttleOf(slowing, 'The run waits until it is less.');
    return this.#fewConnections(refused);
  }

  #fewConnections(refused: boolean): Throttle | undefined {
    const { watch, need, first, maxConnectionShare: share, warn } = this.#parts;
    if (share === undefined) return undefined;
    for (const watched of watch.servers) {
      const { server } = watched;
      const of = (words: string, then: string) =>
        throttleOf({ server, strain: { what: 'connections', words } }, then);
      // It is tried again as soon as one could be had: how many it will be, nobody can tell.
      const none = refused ? watched.tooFewFor(1, 1) : undefined;
      if (none) return of(none, 'The run waits until there are some for it.');
      const few = watched.tooFewFor(need[server], share);
      if (!few) continue;
      const reason = of(few, 'Further ranges wait until there are more; one goes on.');
      if (!first) return reason;
      if (!this.#toldOfFewConnections) warn(reason.reason);
      this.#toldOfFewConnections = true;
    }
    return undefined;
  }

  async #pace(signal: AbortSignal): Promise<void> {
    const restedFrom = performance.now();
    const worked = restedFrom - this.#workedSince;
    for (;;) {
      const slowing = this.#slowing();
      if (!slowing || signal.aborted) break;
      const rest = Math.min(longestRestMs, worked * restFactor * (slowing.strain.degree - 1));
      const left = restedFrom + rest - performance.now();
      if (left <= 0) break;
      await this.#parts.watch.bell.wait(left, signal);
    }
    this.#workedSince = performance.now();
  }

  /** The worst of what a slower pace helps against. */
  #slowing(): Strained | undefined {
    const all = this.#parts.watch.servers.flatMap(({ server, strains }) =>
      strains.filter(({ what }) => what !== 'connections').map((strain) => ({ server, strain })),
    );
    return all.toSorted((a, b) => b.strain.degree - a.strain.degree)[0];
  }

  /** So few connections are left to others that those who work beside the first must give theirs back. */
  #isCrowded(): boolean {
    const { watch, first } = this.#parts;
    const isCrowded = ({ what, pressing }: SeenStrain) => what === 'connections' && pressing;
    return !first && watch.servers.some(({ strains }) => strains.some(isCrowded));
  }

  #say(throttle: Throttle | null): void {
    const before = this.#throttle;
    const same = before && throttle && before.server === throttle.server && before.what === throttle.what;
    this.#throttle = same ? { ...throttle, since: before.since } : throttle;
    if (this.#throttle !== before) this.#parts.report(this.#throttle);
  }
}

interface Strained {
  readonly server: PressureServer;
  readonly strain: SeenStrain;
}

/** Why a turn ended that the attempt's own signals have not ended. */
class LetGo extends Error {
  constructor() {
    super('the servers are to be left alone for a while');
  }
}

function throttleOf(
  {
    server,
    strain: { what, words },
  }: { readonly server: PressureServer; readonly strain: Pick<SeenStrain, 'what' | 'words'> },
  then: string,
): Throttle {
  return { server, what, reason: `The ${server} ${words}. ${then}`, since: new Date().toISOString() };
}
