/** What Temporal's own tools show of a run: search attributes and a table in the workflow's current details. */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { RunStatus } from '../src/contract/status.js';

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

/** Markdown for the Temporal UI. */
function details(status: RunStatus): string {
  const rows = status.steps.map(
    (step) =>
      `| ${step.step} | ${step.state} | ${count(step.source)} | ${count(step.read)} | ${count(step.migrated)} | ${count(step.merged)} | ${count(step.rejected)} | ${count(step.rowsPerSecond)} | ${count(step.differences)} |`,
  );
  const { rows: total, errorRate } = status;
  const now = status.now.map(
    ({ activity, step, done, of }) =>
      `${activity}${step === null ? '' : ` ${step}`}: ${count(done)}${of === null ? '' : ` of ${count(of)}`}`,
  );
  const actions = status.actions
    .slice(-actionsShown)
    .map(({ at, by, what, reason }) => `- ${at} ${by}: ${what}${reason === null ? '' : ` (${reason})`}`);
  return [
    `**${status.state}** in phase **${status.phase}**, deadline ${status.deadline}`,
    `${count(total.read)} rows read, ${count(total.migrated)} migrated, ${count(total.merged)} merged, ${count(total.rejected)} rejected (${(errorRate * 100).toFixed(2)}%)`,
    ...(status.waitingFor
      ? [`Waiting: ${status.waitingFor.reason} (helps: ${status.waitingFor.helps.join(', ')})`]
      : []),
    ...(status.lastError ? [`Last error: ${status.lastError.code} ${status.lastError.message}`] : []),
    ...(now.length > 0 ? [`Now: ${now.join('; ')}`] : []),
    [
      '| step | state | source | read | migrated | merged | rejected | rows/s | differences |',
      '|---|---|---:|---:|---:|---:|---:|---:|---:|',
      ...rows,
    ].join('\n'),
    ...(actions.length > 0 ? [actions.join('\n')] : []),
  ].join('\n\n');
}

/** The latest of what operators did. */
const actionsShown = 5;

function count(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-US');
}
