import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { MigrationError } from '../../src/contract/errors.js';
import { errorDocument } from '../../src/cli/error-document.js';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { Interrupted } from '../../src/cli/interruption.js';
import { outcomeOf, runDocument } from '../../src/cli/run-document.js';
import { exampleStatus, exampleStep } from '../report/example-status.js';

const addresses = { temporal: 'a', temporalUi: 'b', run: 'c' };

test('a verified run is completed, with its figures by table', () => {
  const document = runDocument({ how: 'completed', status: exampleStatus(), failure: null }, 12.5, addresses);
  expect(document).toMatchObject({ outcome: 'completed', seconds: 12.5, addresses, error: null });
  expect(document.tables['customers']).toEqual({
    source: 5000,
    read: 5000,
    migrated: 4998,
    merged: 0,
    rejected: 2,
    differences: 0,
  });
});

test('completed without proof is another outcome', () => {
  const steps = [exampleStep('customers', { differences: 1 })];
  expect(outcomeOf({ how: 'completed', status: exampleStatus({ steps }), failure: null })).toBe(
    'not-verified',
  );
});

test('a held run says why and what to do', () => {
  const status = exampleStatus({
    state: 'waiting',
    waitingFor: { reason: 'no backup', code: 'ERR_001', helps: ['retry'] },
    lastError: { code: 'ERR_001', message: 'no backup', next: 'Set it.', at: '' },
  });
  const document = runDocument({ how: 'held', status, failure: null }, 1, addresses);
  expect(document).toMatchObject({
    outcome: 'waiting',
    error: { code: 'ERR_001', message: 'no backup', next: 'Set it.' },
  });
});

test('a failed run carries its own code, words and next step', () => {
  const failure = {
    how: 'failed',
    code: 'ERR_002',
    message: 'tables: unknown',
    next: 'Correct it.',
  } as const;
  const { outcome, error } = runDocument({ how: 'failed', status: null, failure }, 1, addresses);
  expect({ outcome, error }).toEqual({
    outcome: 'failed',
    error: { code: 'ERR_002', message: 'tables: unknown', next: 'Correct it.' },
  });
});

test('an interrupted start is no failure of the run', () => {
  expect(errorDocument(new Interrupted('SIGINT')).outcome).toBe('interrupted');
});

test('exit codes: 3 where a server cannot be reached, 2 for a wrong call, 1 for the rest', () => {
  const unreachable = new MigrationError('ERR_001', 'x', { next: 'y' });
  const wrongSchema = new MigrationError('ERR_002', 'x', { next: 'y' });
  expect([unreachable, wrongSchema, new ConfigError(['x']), new Error('x')].map(exitCodeOf)).toEqual([
    3, 1, 2, 1,
  ]);
});
