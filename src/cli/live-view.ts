/** A run as one screen of a terminal. Pure: a snapshot in, text out. */
import type { Colors } from 'picocolors/types.js';
import { phases } from '../contract/names.js';
import type { RunStatus, StepStatus } from '../contract/status.js';
import { bar, count, percent, timeOfDay, timeSpan, wholePercent, wrap } from '../report/format.js';
import { helpLines, type HelpWords } from './help-lines.js';
import { activityText, isHeld, type RunSnapshot, type StepWork } from './run-snapshot.js';

export interface Screen {
  /** columns of the terminal */
  readonly width: number;
  readonly colors: Colors;
  /** for the commands that would help */
  readonly words: HelpWords;
  /** only in tests; else the operator's own */
  readonly timeZone?: string;
}

const narrowestBar = 5;
const widestBar = 40;

export function liveView(snapshot: RunSnapshot, screen: Screen): string {
  const { status } = snapshot;
  const { colors } = screen;
  if (!status)
    return colors.dim(`Waiting for the run to begin${snapshot.silence ? `: ${snapshot.silence}` : ''}`);
  return [
    heading(snapshot, status, screen),
    phaseLine(status, colors),
    '',
    ...stepTable(snapshot, status, screen),
    '',
    totals(status),
    deadline(status, screen),
    ...throttleLines(status, screen),
    ...activityLines(snapshot, screen),
    ...holdLines(snapshot, status, screen),
  ].join('\n');
}

function heading({ at }: RunSnapshot, status: RunStatus, { colors }: Screen): string {
  const seconds = (at.getTime() - Date.parse(status.startedAt)) / 1000;
  const state = isHeld(status) ? colors.yellow(status.state) : colors.green(status.state);
  return `${colors.bold(status.name)}  ${state}  ${timeSpan(seconds)}`;
}

function phaseLine(status: RunStatus, colors: Colors): string {
  const now = status.state === 'completed' ? phases.length : phases.indexOf(status.phase);
  return phases
    .map((phase, index) => {
      if (index < now) return colors.green(`✓ ${phase}`);
      return index === now ? colors.cyan(`▸ ${phase}`) : colors.dim(`· ${phase}`);
    })
    .join('   ');
}

interface Cells {
  readonly mark: string;
  readonly step: string;
  readonly share: number;
  readonly percent: string;
  readonly rows: string;
  readonly rate: string;
  readonly rejects: string;
  readonly left: string;
}

function stepTable({ work }: RunSnapshot, status: RunStatus, { width, colors }: Screen): string[] {
  const cells = status.steps.map((step) => cellsOf(step, work.get(step.step), status));
  const comparing = status.phase === 'validate';
  const titles = {
    step: 'step',
    percent: '',
    rows: comparing ? 'compared' : 'rows',
    rate: 'rows/s',
    rejects: 'rejects',
    left: 'left',
  };
  const widthOf = (column: keyof typeof titles): number =>
    Math.max(titles[column].length, ...cells.map((line) => line[column].length));
  const columns = ['rows', 'rate', 'rejects', 'left'] as const;
  const rest = columns.reduce((sum, column) => sum + widthOf(column) + 2, 0);
  // The last column stays free: some terminals break the line there.
  const room = width - 1 - (2 + widthOf('step') + 2 + 5 + rest);
  // Where figures of many digits leave no room for a bar, the percentage says the same.
  const barWidth = room < narrowestBar ? 0 : Math.min(widestBar, room);
  const figures = (line: Pick<Cells, (typeof columns)[number]>): string =>
    columns.map((column) => `  ${line[column].padStart(widthOf(column))}`).join('');
  return [
    colors.dim(`  ${titles.step.padEnd(widthOf('step') + 2 + barWidth + 5)}${figures(titles)}`),
    ...cells.map((line) => {
      const name = line.step.padEnd(widthOf('step'));
      const drawn = colors.cyan(bar(line.share, barWidth));
      return `${colored(line.mark, colors)} ${name}  ${drawn} ${line.percent.padStart(4)}${figures(line)}`;
    }),
  ];
}

const marks: Readonly<Record<StepStatus['state'], string>> = {
  pending: '·',
  running: '▸',
  paused: '‖',
  completed: '✓',
  failed: '✗',
  'rolled-back': '↩',
};

function compareMark({ differences }: StepStatus, done: number): string {
  if (differences !== null) return differences === 0 ? marks.completed : marks.failed;
  return done > 0 ? marks.running : marks.pending;
}

function colored(mark: string, colors: Colors): string {
  if (mark === '✓') return colors.green(mark);
  if (mark === '✗') return colors.red(mark);
  return mark === '▸' ? colors.cyan(mark) : colors.dim(mark);
}

function cellsOf(step: StepStatus, work: StepWork | undefined, status: RunStatus): Cells {
  const done = work?.done ?? step.read;
  const of = work?.of ?? null;
  const comparing = status.phase === 'validate';
  const finished = comparing ? of !== null && done >= of : step.state === 'completed';
  // The rate that a finished step keeps is that of its move.
  const rate = finished && !comparing ? step.rowsPerSecond : (work?.perSecond ?? null);
  return {
    mark: comparing ? compareMark(step, done) : marks[step.state],
    step: step.step,
    share: of === null || of === 0 ? Number(finished) : done / of,
    percent: of === null ? '' : `${wholePercent(done, of)}%`,
    rows: of === null ? '' : `${count(done)}/${count(of)}`,
    rate: rate === null ? '' : count(Math.round(rate)),
    rejects: step.read === 0 ? '' : count(step.rejected),
    left: work?.secondsLeft === null || work?.secondsLeft === undefined ? '' : timeSpan(work.secondsLeft),
  };
}

function totals({ rows, errorRate }: RunStatus): string {
  const parts = [`${count(rows.migrated)} migrated`, `${count(rows.merged)} merged`];
  return `${count(rows.read)} rows read: ${parts.join(', ')}, ${count(rows.rejected)} rejected (${percent(errorRate)})`;
}

function deadline(status: RunStatus, { timeZone }: Screen): string {
  const left = timeSpan(status.secondsLeft);
  return `Deadline ${timeOfDay(new Date(status.deadline), timeZone)}, in ${left}`;
}

function throttleLines({ throttle }: RunStatus, { colors, width, timeZone }: Screen): string[] {
  if (!throttle) return [];
  const since = timeOfDay(new Date(throttle.since), timeZone);
  return wrap(`Slowed down since ${since}: ${throttle.reason}`, width - 1).map(colors.yellow);
}

function activityLines({ pending, silence, status }: RunSnapshot, { colors, width }: Screen): string[] {
  const lines = pending.flatMap((activity) =>
    wrap(`Now: ${activityText(activity)}`, width - 1).map(colors.dim),
  );
  if (silence && status)
    lines.push(...wrap(`No answer from the run: ${silence}`, width - 1).map(colors.yellow));
  return [...new Set(lines)];
}

function holdLines({ run }: RunSnapshot, status: RunStatus, { colors, width, words }: Screen): string[] {
  if (!isHeld(status)) return [];
  const [what = '', ...help] = helpLines(run, status, words);
  return ['', ...wrap(what, width - 1).map(colors.yellow), ...help];
}
