/** A run as plain lines, where there is no terminal: what has changed, in the manual's words. */
import { phases } from '../contract/names.js';
import type { RunStatus, StepStatus } from '../contract/status.js';
import { count, percent, timeSpan, wholePercent } from '../report/format.js';
import { helpLines, type HelpWords } from './help-lines.js';
import { activityText, completedLine, isHeld, type RunSnapshot, titleOf } from './run-snapshot.js';

const progressEveryMs = 3_000;
/** Nobody should wonder for longer whether it hangs. */
const silenceMs = 10_000;

export class PlainProgress {
  readonly #writeLine: (line: string) => void;
  readonly #words: HelpWords;
  readonly #said = new Set<string>();
  #progressAt = 0;
  #now = 0;
  #writtenAt = 0;
  #held = false;
  #slowedSince: string | null = null;

  constructor(write: (line: string) => void, words: HelpWords) {
    this.#writeLine = write;
    this.#words = words;
  }

  show(snapshot: RunSnapshot): void {
    const { status } = snapshot;
    this.#now = snapshot.at.getTime();
    this.#writtenAt ||= this.#now;
    if (!status) return;
    for (const [index, phase] of phases.entries()) {
      // A short phase may have come and gone between two looks: its lines come all the same, in order.
      if (index > phases.indexOf(status.phase)) break;
      this.#once(`Phase ${index + 1} of ${phases.length}: ${phase}`);
      if (phase === 'migrate') for (const step of status.steps) this.#moved(step);
      if (phase === 'validate') for (const step of status.steps) this.#compared(step);
    }
    if (this.#now - this.#progressAt >= progressEveryMs) this.#progress(snapshot, status);
    this.#slowed(status);
    this.#hold(snapshot.run, status);
    if (this.#now - this.#writtenAt >= silenceMs) this.#stillAtWork(snapshot);
  }

  #moved(step: StepStatus): void {
    const label = step.step.replaceAll('-', ' ');
    if (step.state === 'pending') return;
    this.#once(`🔄 Migrating ${label}...`);
    if (step.state === 'failed') this.#once(`❌ ${titleOf(step)} migration failed`);
    if (step.state === 'completed') this.#once(completedLine(step));
  }

  #compared(step: StepStatus): void {
    if (step.differences === 0) this.#once(`✅ ${titleOf(step)} compared with their source: no difference`);
    else if (step.differences !== null)
      this.#once(`❌ ${titleOf(step)} compared with their source: ${count(step.differences)} rows differ`);
  }

  #progress({ work }: RunSnapshot, status: RunStatus): void {
    const step = status.steps.find(({ step: name }) => typeof work.get(name)?.secondsLeft === 'number');
    const now = step && work.get(step.step);
    if (!step || !now || now.of === null || now.perSecond === null) return;
    this.#progressAt = this.#now;
    const label = step.step.replaceAll('-', ' ');
    const far = `${count(now.done)}/${count(now.of)} ${label} (${wholePercent(now.done, now.of)}%)`;
    this.#write(`📊 Progress: ${far}${status.phase === 'validate' ? ' compared' : ''}`);
    const left = `about ${timeSpan(now.secondsLeft ?? 0)} left`;
    const rejected = `${count(status.rows.rejected)} rejected so far (${percent(status.errorRate)})`;
    this.#write(`⏱️  Processing rate: ${count(Math.round(now.perSecond))} records/sec, ${left}, ${rejected}`);
  }

  /** Said when it begins, and when it is over; not again for each new figure. */
  #slowed({ throttle }: RunStatus): void {
    if (throttle && throttle.since !== this.#slowedSince) this.#write(`🐢 Slowed down: ${throttle.reason}`);
    if (!throttle && this.#slowedSince !== null) this.#write('🐇 Nothing slows the run any more');
    this.#slowedSince = throttle?.since ?? null;
  }

  /** Said again whenever it is held anew. */
  #hold(run: string, status: RunStatus): void {
    const held = isHeld(status);
    if (held && !this.#held) for (const line of helpLines(run, status, this.#words)) this.#write(line);
    this.#held = held;
  }

  #stillAtWork({ pending, silence }: RunSnapshot): void {
    if (silence) this.#write(`⚠️  No answer from the run: ${silence}`);
    for (const activity of pending) this.#write(`⏳ Still at work: ${activityText(activity)}`);
  }

  #write(line: string): void {
    this.#writtenAt = this.#now;
    this.#writeLine(line);
  }

  #once(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#write(line);
  }
}
