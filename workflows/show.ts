/** What Temporal's own tools show of a run: search attributes and a table in the workflow's current details. */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Doing, OperatorAction, RunStatus, RunThrottle, StepStatus } from '../src/contract/status.js';

const keys = {
  name: defineSearchAttributeKey('MigrationName', SearchAttributeType.KEYWORD),
  plan: defineSearchAttributeKey('MigrationPlan', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('MigrationPhase', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('MigrationState', SearchAttributeType.KEYWORD),
  errorRate: defineSearchAttributeKey('MigrationErrorRate', SearchAttributeType.DOUBLE),
  rows: defineSearchAttributeKey('MigrationRows', SearchAttributeType.INT),
};

/** Remembers what is shown: an attribute is sent when it changes, for each sending is an event of the history. */
export class SearchAttributes {
  readonly #sent = new Map<string, unknown>();

  send(status: RunStatus): void {
    const wanted: SearchAttributePair[] = [
      { key: keys.name, value: status.name },
      { key: keys.plan, value: status.plan },
      { key: keys.phase, value: status.phase },
      { key: keys.state, value: status.state },
      { key: keys.errorRate, value: status.errorRate },
      { key: keys.rows, value: status.rows.read },
    ];
    const changed = wanted.filter(({ key, value }) => this.#sent.get(key.name) !== value);
    if (changed.length === 0) return;
    for (const { key, value } of changed) this.#sent.set(key.name, value);
    upsertSearchAttributes(changed);
  }
}

/** Only what the Temporal UI asks for when somebody looks: may be called by a query. */
export function showDetails(status: RunStatus): void {
  setCurrentDetails(details(status));
}

/** Markdown for the Temporal UI, which draws tables without any room between their columns. */
function details(status: RunStatus): string {
  const { rows: total, errorRate } = status;
  return [
    `**${status.state}** in phase **${status.phase}**, deadline ${at(status.deadline)}, ${timeLeft(status.secondsLeft)}`,
    `${count(total.read)} rows read, ${count(total.migrated)} migrated, ${count(total.merged)} merged, ${count(total.rejected)} rejected (${(errorRate * 100).toFixed(2)}%)`,
    ...(status.waitingFor
      ? [`**Waiting**: ${status.waitingFor.reason} (helps: ${status.waitingFor.helps.join(', ')})`]
      : []),
    ...(status.lastError ? [`**Last error**: ${status.lastError.code} ${status.lastError.message}`] : []),
    ...(status.throttle ? [throttled(status.throttle)] : []),
    ...(status.now.length > 0 ? [`Now: ${status.now.map(doing).join('; ')}`] : []),
    [
      header(['step', 'state', 'read', 'of', 'migrated', 'merged', 'rejected', 'rows/s', 'differ']),
      '|---|---|---:|---:|---:|---:|---:|---:|---:|',
      ...status.steps.map(stepRow),
    ].join('\n'),
    ...(status.actions.length > 0 ? [status.actions.slice(-actionsShown).map(action).join('\n')] : []),
  ].join('\n\n');
}

/** The latest of what operators did. */
const actionsShown = 8;
const room = '\u2003';

const header = (names: readonly string[]) => `| ${names.map((name) => room + name).join(' | ')} |`;

function stepRow(step: StepStatus): string {
  const { source, read, migrated, merged, rejected, rowsPerSecond, differences } = step;
  const figures = [read, source, migrated, merged, rejected, rowsPerSecond, differences];
  // With hyphens that do not break, and room before each cell.
  const cells = [
    step.step.replaceAll('-', '\u2011'),
    step.state.replaceAll('-', '\u2011'),
    ...figures.map(count),
  ];
  return `| ${cells.map((cell) => room + cell).join(' | ')} |`;
}

function doing({ activity, step, done, of }: Doing): string {
  return `${activity}${step === null ? '' : ` ${step}`}: ${count(done)}${of === null ? '' : ` of ${count(of)}`}`;
}

function throttled({ step, reason, since }: RunThrottle): string {
  return `**Slowed down**${step === null ? '' : ` ${step}`} since ${at(since)}: ${reason}`;
}

function action({ at: when, by, what, reason }: OperatorAction): string {
  return `- ${at(when)} ${by}: ${what}${reason === null ? '' : ` (${reason})`}`;
}

/** To the second, as everybody writes it. */
function at(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

function timeLeft(seconds: number): string {
  if (seconds === 0) return 'passed';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours} h ${minutes} min left`;
}

function count(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-US');
}
