import type { ActivityReport } from '../src/contract/activity-report.js';
import type { Doing, RunThrottle } from '../src/contract/status.js';

/**
 * What activities have reported while they work. Kept in memory only: it comes by a query, which no history records, so
 * nothing that the run decides may rest on it. After a replay it is empty until the next report, a second later.
 */
export class LiveFigures {
  readonly #reports = new Map<string, ActivityReport>();
  readonly #expected = new Set<string>();

  /** An activity begins. */
  expect(id: string): void {
    this.#expected.add(id);
  }

  /** A report that comes behind the end of its activity is old. */
  hear(report: ActivityReport): void {
    if (this.#expected.has(report.id)) this.#reports.set(report.id, report);
  }

  /** The activity has ended: its answer counts from now on. */
  forget(id: string): void {
    this.#expected.delete(id);
    this.#reports.delete(id);
  }

  get doing(): Doing[] {
    return [...this.#reports.values()].map(({ activity, step, done, of }) => ({ activity, step, done, of }));
  }

  /** What slows the work, the longest of it where there is more than one. */
  get throttle(): RunThrottle | null {
    const all = [...this.#reports.values()].flatMap(({ throttle, step }) =>
      throttle ? [{ ...throttle, step }] : [],
    );
    return all.toSorted((a, b) => a.since.localeCompare(b.since))[0] ?? null;
  }

  /** The step's figures as last reported, with the rate of all who work on it; undefined when nobody has. */
  countsOf(
    step: string,
  ): (NonNullable<ActivityReport['counts']> & { rowsPerSecond: number | null }) | undefined {
    const all = [...this.#reports.values()].filter((report) => report.step === step);
    const latest = all.flatMap(({ counts }) => counts ?? []).toSorted((a, b) => b.read - a.read)[0];
    if (!latest) return undefined;
    const rates = all.flatMap(({ rowsPerSecond }) => rowsPerSecond ?? []);
    return { ...latest, rowsPerSecond: rates.length > 0 ? rates.reduce((sum, rate) => sum + rate, 0) : null };
  }
}
