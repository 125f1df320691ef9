/** What Temporal's own tools show of a run: search attributes and a table in the workflow's current details. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
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

export function show(status: RunStatus, withSearchAttributes: boolean): void {
  setCurrentDetails(details(status));
  if (!withSearchAttributes) return;
  upsertSearchAttributes([
    { key: keys.name, value: status.name },
    { key: keys.plan, value: status.plan },
    { key: keys.phase, value: status.phase },
    { key: keys.state, value: status.state },
    { key: keys.errorRate, value: status.errorRate },
    { key: keys.rows, value: status.rows.read },
  ]);
}

/** Markdown for the Temporal UI. */
function details(status: RunStatus): string {
  const rows = status.steps.map(
    (step) =>
      `| ${step.step} | ${step.state} | ${count(step.source)} | ${count(step.read)} | ${count(step.migrated)} | ${count(step.merged)} | ${count(step.rejected)} | ${count(step.rowsPerSecond)} | ${count(step.differences)} |`,
  );
  return [
    `**${status.state}** in phase **${status.phase}**, deadline ${status.deadline}`,
    ...(status.waitingFor
      ? [`Waiting: ${status.waitingFor.reason} (helps: ${status.waitingFor.helps.join(', ')})`]
      : []),
    ...(status.lastError ? [`Last error: ${status.lastError.code} ${status.lastError.message}`] : []),
    '',
    '| step | state | source | read | migrated | merged | rejected | rows/s | differences |',
    '|---|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

function count(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-US');
}
