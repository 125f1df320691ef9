import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';
import picocolors from 'picocolors';
import type { HelpWords } from './help-lines.js';
import { liveView } from './live-view.js';
import { PlainProgress } from './plain-progress.js';
import type { RunSnapshot } from './run-snapshot.js';

/** Where people read what is going on. */
export interface Display {
  /** The run at this moment: redrawn in place on a terminal, lines for what has changed elsewhere. */
  show(snapshot: RunSnapshot): void;
  /** A line that stays. */
  log(line: string): void;
  /** Leaves what was shown last, and the terminal as it was. */
  end(): void;
}

/** @param words for the commands that a held run is helped with */
export function createDisplay(stream: WriteStream, words: HelpWords): Display {
  return stream.isTTY ? terminalDisplay(stream, words) : plainDisplay(stream, words);
}

function terminalDisplay(stream: WriteStream, words: HelpWords): Display {
  const update = createLogUpdate(stream);
  const colors = colorsOf(stream);
  return {
    show: (snapshot) => update(liveView(snapshot, { width: Math.max(80, stream.columns), colors, words })),
    log: (line) => update.persist(line),
    end: () => update.done(),
  };
}

function plainDisplay(stream: WriteStream, words: HelpWords): Display {
  const log = (line: string): void => void stream.write(`${line}\n`);
  const progress = new PlainProgress(log, words);
  return { show: (snapshot) => progress.show(snapshot), log, end: () => undefined };
}

/** Colours only on a terminal that has them, and where NO_COLOR does not forbid them. */
export function colorsOf(stream: WriteStream): ReturnType<typeof picocolors.createColors> {
  // A pipe has no such property at all, and the library would then ask the environment instead.
  const isTerminal = 'isTTY' in stream && stream.isTTY;
  const wanted = isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return picocolors.createColors(wanted);
}
