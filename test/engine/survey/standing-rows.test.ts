import { expect, it } from 'vitest';
import { settle, type Candidate } from '../../../src/engine/survey/settle.js';

const row = (
  table: string,
  legacyId: string,
  keys: Record<string, string>,
  more: Partial<Candidate> = {},
): Candidate => ({ table, legacyId, good: true, first: 0n, keys: new Map(Object.entries(keys)), ...more });

const standing = (id: string, code: string): Candidate =>
  row('parties', id, { code }, { first: null, standing: true });

it('a row that the target had takes its key before all legacy rows, the bad ones too', () => {
  const decisions = settle(
    [
      row('old', '1', { code: 'a' }),
      row('old', '2', { code: 'a' }, { good: false }),
      standing('t1', 'a'),
      standing('t2', 'a'),
    ],
    { unique: ['code'] },
  );
  expect(decisions).toMatchObject([
    { table: 'old', legacyId: '1', kind: 'duplicate', otherTable: 'parties', otherId: 't1' },
    { table: 'old', legacyId: '2', kind: 'duplicate', otherTable: 'parties', otherId: 't1' },
  ]);
});

it('nothing is merged into a row whose key the target has, nor into the row of the target', () => {
  const decisions = settle(
    [
      standing('t1', 'a'),
      row('suppliers', 's1', { code: 'a', tax: '1' }),
      row('vendors', 'v1', { code: 'v', tax: '1' }),
      row('vendors', 'v2', { code: 'a' }),
    ],
    { unique: ['code'], consolidation: { into: 'suppliers', from: 'vendors', matches: ['code', 'tax'] } },
  );
  expect(decisions).toMatchObject([
    { legacyId: 's1', kind: 'duplicate', otherId: 't1' },
    { legacyId: 'v2', kind: 'duplicate', otherId: 't1' },
  ]);
});
