import type { PressureKind } from '../contract/status.js';

/** A row of a server's answer: every value as text, by its column. */
export type AnswerRow = Readonly<Record<string, string | null>>;

/** Connections of which there are only so many: those of the server, or of our database or user where these have fewer. */
export interface Room {
  readonly used: number;
  readonly usable: number;
}

/** What an answer comes to. */
export interface Figure {
  /** seconds of lag, sessions at work, or the share of the connections in use */
  readonly value: number;
  /** goes on from "The source …" */
  readonly words: string;
  /** only of connections */
  readonly room?: Room;
}

/** One question to one kind of server. */
export interface Probe {
  readonly what: PressureKind;
  /** statements that any user may send, although not every user is told all: the first that the server knows counts */
  readonly sql: readonly string[];
  /** The figures of the answer; none: there is nothing to watch. `unseen`: our user may not see it. */
  readonly figures: (rows: readonly AnswerRow[]) => readonly Figure[] | 'unseen';
}

export function numberOf(row: AnswerRow, column: string): number {
  return Number(row[column] ?? Number.NaN);
}

/** `45 s`, `12 min` */
export function lagText(seconds: number): string {
  return seconds < 600 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** Rows of `whose`, `used`, `usable`. */
export function connectionFigures(rows: readonly AnswerRow[]): readonly Figure[] {
  return rows.map((row) => {
    const room = { used: numberOf(row, 'used'), usable: numberOf(row, 'usable') };
    const words = `has ${room.used} of the ${room.usable} connections in use that ${row['whose']} may have`;
    return { value: room.used / room.usable, words, room };
  });
}
