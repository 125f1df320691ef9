import { expect, test } from 'vitest';
import { validationReport } from '../../src/report/validation-report.js';
import { exampleStatus, exampleStep } from './example-status.js';

test("a verified run gets the manual's report with its own figures", () => {
  expect(validationReport(exampleStatus())).toEqual([
    '📊 Migration Validation Report',
    '=====================================',
    '✅ Record Counts: All tables match source - 8,700 = 8,488 migrated + 200 merged + 12 rejected',
    '✅ Data Integrity: 100% - No corruption detected in 8,688 moved rows',
    '✅ Relationships: All foreign keys valid (1 checks, 4,000 row checks)',
    '✅ Business Rules: All constraints satisfied (2 checks, 8,000 row checks)',
    '⚠️  Warnings: 3 non-critical in rows that moved',
    '⚠️  Statuses are known: 3 of 4,000 rows are exceptions',
    '📈 Overall Score: 99.8% - Migration Successful',
  ]);
});

test('differing rows lower integrity and score, and the migration is no success', () => {
  const report = validationReport(exampleStatus({ steps: [exampleStep('customers', { differences: 7 })] }));
  expect(report).toContain('❌ Data Integrity: 99.8% - 7 of 4,998 moved rows differ from their source');
  expect(report.at(-1)).toBe('📈 Overall Score: 99.8% - Migration Completed, Not Verified');
});

test('one differing row in a million is not rounded to 100%', () => {
  const million = { source: 1e6, read: 1e6, migrated: 1e6, rejected: 0, differences: 1 };
  const report = validationReport(exampleStatus({ steps: [exampleStep('products', million)] }));
  expect(report.join('\n')).not.toContain('100%');
});

test('what was not measured is not claimed', () => {
  const steps = [exampleStep('customers', { differences: null })];
  const report = validationReport(exampleStatus({ steps, checks: [] })).join('\n');
  expect(report).toContain('Data Integrity: not verified');
  expect(report).toContain('Overall Score: not measured');
  expect(report).not.toMatch(/Relationships|Business Rules|Performance|Successful/);
});

test('failed checks and counts that do not add up are named with their rows', () => {
  const report = validationReport(
    exampleStatus({
      steps: [exampleStep('customers', { migrated: 4990 })],
      checks: [
        {
          check: 'foreign-key:a',
          title: 'items refer to products',
          severity: 'error',
          looked: 1200,
          failed: 30,
        },
        { check: 'rule:b', title: 'Prices are not negative', severity: 'error', looked: 10, failed: 1 },
      ],
    }),
  );
  expect(report).toContain('❌ Record Counts: do not match in customers');
  expect(report).toContain('❌ Relationships: items refer to products (30 of 1,200)');
  expect(report).toContain('❌ Business Rules: Prices are not negative (1 of 10)');
  expect(report.at(-1)).toContain('Not Verified');
});

test('a skipped validation stands in the report with who and why', () => {
  const actions = [
    { at: '2025-01-19T10:00:00Z', by: 'operator', what: 'skip-validation', reason: 'known issue' },
  ];
  expect(validationReport(exampleStatus({ actions }))).toContain(
    '❌ Validation skipped by operator: known issue',
  );
});
