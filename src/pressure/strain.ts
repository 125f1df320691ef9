import type { Config } from '../config/config.js';
import type { PressureKind } from '../contract/status.js';
import { lagText, type Figure } from './probe.js';

export type CourtesySettings = Config['courtesy'];

/** A figure that is over its limit. */
export interface Strain {
  readonly what: PressureKind;
  /** how far over: 1 at the limit, 2 where nothing but waiting helps */
  readonly degree: number;
  /** goes on from "The source …", with the limit and the setting's name */
  readonly words: string;
}

interface Limit {
  readonly setting: string;
  /** undefined: not watched */
  readonly of: (settings: CourtesySettings) => number | undefined;
  readonly degree: (value: number, limit: number) => number;
  readonly text: (limit: number) => string;
}

const limits: Readonly<Record<PressureKind, Limit>> = {
  'replication-lag': {
    setting: 'MIGRATION_MAX_REPLICATION_LAG',
    of: ({ maxReplicationLagMs }) => maxReplicationLagMs && maxReplicationLagMs / 1000,
    degree: (value, limit) => value / limit,
    text: lagText,
  },
  load: {
    setting: 'MIGRATION_MAX_ACTIVE_SESSIONS',
    of: ({ maxActiveSessions }) => maxActiveSessions,
    degree: (value, limit) => value / limit,
    text: String,
  },
  connections: {
    setting: 'MIGRATION_MAX_CONNECTION_SHARE',
    of: ({ maxConnectionShare }) => maxConnectionShare,
    // There is no twice as many: what counts is how much of the room for others is gone.
    degree: (share, limit) => 1 + (share - limit) / ((1 - limit) / 2),
    text: (limit) => `${Math.round(limit * 100)}%`,
  },
};

export function isWatched(what: PressureKind, settings: CourtesySettings): boolean {
  return limits[what].of(settings) !== undefined;
}

/** `30 s is the limit (MIGRATION_MAX_REPLICATION_LAG)`; empty where it is not watched. */
export function limitText(what: PressureKind, settings: CourtesySettings): string {
  const { of, text, setting } = limits[what];
  const limit = of(settings);
  return limit === undefined ? '' : `${text(limit)} is the limit (${setting})`;
}

/** The worst of the figures where it is over the limit. */
export function strainOf(
  what: PressureKind,
  figures: readonly Figure[],
  settings: CourtesySettings,
): Strain | undefined {
  const { of, degree } = limits[what];
  const limit = of(settings);
  const worst = figures.toSorted((a, b) => b.value - a.value)[0];
  if (limit === undefined || !worst || !(worst.value > limit)) return undefined;
  return {
    what,
    degree: degree(worst.value, limit),
    words: `${worst.words}; ${limitText(what, settings)}`,
  };
}
