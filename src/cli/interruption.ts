import { setTimeout as sleep } from 'node:timers/promises';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A terminal's Ctrl-C reaches us twice under npm: from the terminal and from npm, which passes it on. Only one that
 * comes later than this many milliseconds is a second one.
 */
const echoMs = 400;

/** Somebody wants us to end before we are through. */
export class Interrupted extends Error {
  constructor(signal: string) {
    super(`Interrupted (${signal}).`);
    this.name = 'Interrupted';
  }
}

export interface Interruption {
  /** aborted with an `Interrupted` at the first signal, or when nobody reads our output any more */
  readonly signal: AbortSignal;
  /** stops listening */
  dispose(): void;
}

/**
 * Turns SIGINT, SIGTERM, SIGHUP and a closed output into one AbortSignal, so that everything ends in its own `finally`.
 * A second signal ends the process at once; the keeper then ends what it had started.
 */
export function listenForInterruption(
  onFirst: (reason: Interrupted) => void = () => undefined,
): Interruption {
  const controller = new AbortController();
  let firstAt = 0;
  const interrupt = (name: string): void => {
    if (!controller.signal.aborted) {
      firstAt = Date.now();
      const reason = new Interrupted(name);
      onFirst(reason);
      controller.abort(reason);
    } else if (Date.now() - firstAt > echoMs) process.exit(1);
  };
  const outputLost = (): void => {
    if (!controller.signal.aborted) controller.abort(new Interrupted('the output was closed'));
  };
  for (const signal of signals) process.on(signal, interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', outputLost);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // A timer keeps the process alive meanwhile: a listener alone would not.
  const alive = setInterval(() => undefined, 3_600_000);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(alive);
}
