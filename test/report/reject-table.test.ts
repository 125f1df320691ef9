import { expect, test } from 'vitest';
import type { RejectReason } from '../../src/report/reject-reasons.js';
import { rejectTable } from '../../src/report/reject-table.js';

const reasons: RejectReason[] = [
  {
    step: 'customers',
    code: 'ERR_003',
    column: 'email',
    reason: 'email: is not an e-mail address',
    rows: 1250,
  },
  { step: 'price-list-items', code: 'ERR_004', column: 'product_id', reason: 'names no product', rows: 3 },
];

test('each reason has its step, code, rows and column', () => {
  expect(rejectTable(reasons, 100)).toEqual([
    'Step              Code      Rows  Reason',
    'customers         ERR_003  1,250  email: is not an e-mail address',
    'price-list-items  ERR_004      3  product_id: names no product',
  ]);
});

test('long reasons are broken so that the table fits 80 columns', () => {
  const long = {
    ...reasons[0]!,
    reason: 'email: has more of everything than any address may have, and cannot be cut',
  };
  const lines = rejectTable([long], 80);
  expect(lines.length).toBeGreaterThan(2);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('of very many reasons the most frequent are shown, in their order, and the rest is counted', () => {
  const many = Array.from({ length: 50 }, (_, index) => ({
    ...reasons[0]!,
    reason: `reason ${index}`,
    rows: index + 1,
  }));
  const lines = rejectTable(many, 80);
  expect(lines[1]).toContain('reason 20');
  expect(lines.at(-1)).toBe('and 20 more reasons for 210 rows, in migration.rejects of the target');
});

test('no rejects, no table', () => expect(rejectTable([], 80)).toEqual([]));
