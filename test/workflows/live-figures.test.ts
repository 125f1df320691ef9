import { expect, test } from 'vitest';
import { parseReport, type ActivityReport } from '../../src/contract/activity-report.js';
import type { Throttle } from '../../src/contract/status.js';
import { LiveFigures } from '../../workflows/live-figures.js';

function report(lane: number, throttle?: Throttle | null): ActivityReport {
  const id = `moveStep customers ${lane}`;
  const said = { id, activity: 'moveStep', step: 'customers', done: 1, of: null };
  return throttle === undefined ? said : { ...said, throttle };
}

function slowedBy(what: Throttle['what'], since: string): Throttle {
  return { server: 'target', what, reason: `for its ${what}`, since };
}

function hearing(...reports: ActivityReport[]): LiveFigures {
  const live = new LiveFigures();
  for (const said of reports) {
    live.expect(said.id);
    live.hear(said);
  }
  return live;
}

const load = slowedBy('load', '2025-01-19T10:00:02.000Z');
const connections = slowedBy('connections', '2025-01-19T10:00:01.000Z');

test('of all that slows the work, what has done so for longest is shown', () => {
  const live = hearing(report(0, load), report(1, connections), report(2));
  expect(live.throttle).toEqual({ ...connections, step: 'customers' });
});

test('nothing slows it when no report says so any more, or when who said so has ended', () => {
  const live = hearing(report(0, load), report(1, connections));
  live.hear(report(1, null));
  expect(live.throttle?.what).toBe('load');
  live.forget(report(0).id);
  expect(live.throttle).toBeNull();
});

test('a report with what slows it is a report, and one with a slowing that is none is not', () => {
  expect(parseReport(report(0, load))).toEqual(report(0, load));
  expect(parseReport(report(0, null))).toEqual(report(0, null));
  expect(parseReport({ ...report(0), throttle: { ...load, server: 'backup' } })).toBeUndefined();
});
