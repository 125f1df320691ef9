import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { temporalWords } from '../../src/cli/help-lines.js';
import { liveView } from '../../src/cli/live-view.js';
import { PlainProgress } from '../../src/cli/plain-progress.js';
import type { RunSnapshot, StepWork } from '../../src/cli/run-snapshot.js';
import type { RunStatus } from '../../src/contract/status.js';
import { exampleStatus, exampleStep } from '../report/example-status.js';

const startedAt = Date.parse('2025-01-19T10:00:00Z');
const words = temporalWords('127.0.0.1:7233');

function snapshot(status: RunStatus, seconds: number, work: Record<string, StepWork> = {}): RunSnapshot {
  return {
    run: 'migration-example',
    at: new Date(startedAt + seconds * 1000),
    status,
    silence: null,
    pending: [{ name: 'moveStep', attempt: 1, progress: null, lastFailure: null }],
    work: new Map(Object.entries(work)),
  };
}

const halfWay = exampleStatus({
  state: 'running',
  phase: 'migrate',
  steps: [
    exampleStep('customers', {
      state: 'running',
      read: 1250,
      migrated: 1248,
      rejected: 2,
      differences: null,
    }),
    exampleStep('price-list-items', {
      state: 'pending',
      source: null,
      read: 0,
      migrated: 0,
      rejected: 0,
      differences: null,
    }),
  ],
});
const work = { customers: { done: 1250, of: 5000, perSecond: 85.4, secondsLeft: 44 } };
const waiting = exampleStatus({
  state: 'waiting',
  phase: 'prepare',
  waitingFor: { reason: 'quality is 91%, under 95%', code: 'ERR_003', helps: ['retry', 'skip-validation'] },
});

function screenOf(shown: RunSnapshot, width = 80): string {
  return liveView(shown, { width, colors: picocolors.createColors(false), words, timeZone: 'UTC' });
}

test('the screen shows phases, bars, rows, rate, rejects, time left and deadline within 80 columns', () => {
  const text = screenOf(snapshot(halfWay, 15, work));
  expect(text).toContain('✓ prepare   ▸ migrate   · validate   · finalize');
  expect(text).toMatch(/▸ customers +█+░+ +25% +1,250\/5,000 +85 +2 +44s/);
  expect(text).toMatch(/· price-list-items +░+/);
  expect(text).toContain('1,250 rows read: 1,248 migrated, 0 merged, 2 rejected (0.1%)');
  expect(text).toContain('Deadline 14:00:00 UTC, in 3h 59m');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(80);
});

test('a wider screen has longer bars', () => {
  const barOf = (text: string) => /░+/.exec(text.split('\n')[5] ?? '')?.[0].length ?? 0;
  expect(barOf(screenOf(snapshot(halfWay, 15, work), 110))).toBeGreaterThan(
    barOf(screenOf(snapshot(halfWay, 15, work))),
  );
});

test('tables of a hundred million rows still fit 80 columns', () => {
  const huge = { source: 123_456_789, read: 100_000_000, rejected: 1_000_000 };
  const status = exampleStatus({ steps: [exampleStep('price-list-items', { state: 'running', ...huge })] });
  const far = { done: huge.read, of: huge.source, perSecond: 123_456, secondsLeft: 190 };
  const text = screenOf(
    snapshot({ ...status, state: 'running', phase: 'migrate' }, 900, { 'price-list-items': far }),
  );
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(80);
});

test('a held run says why, and which commands would help', () => {
  const text = screenOf(snapshot(waiting, 5));
  expect(text).toContain('Waiting: ERR_003: quality is 91%, under 95%');
  expect(text).toContain(
    'temporal workflow update execute --address 127.0.0.1:7233 --workflow-id migration-example --name retry',
  );
  expect(text).toContain(`--name skip-validation --input '{"reason": "..."}'`);
});

const slowed = exampleStatus({
  ...halfWay,
  throttle: {
    server: 'target',
    what: 'replication-lag',
    reason: 'The target has a standby (replica1) that is 45 s behind. The run rests between chunks.',
    since: '2025-01-19T10:00:10.000Z',
    step: 'customers',
  },
});

test('what slows the run is on the screen with its reason', () => {
  const text = screenOf(snapshot(slowed, 15, work));
  expect(text.replaceAll('\n', ' ')).toContain(
    'Slowed down since 10:00:10 UTC: The target has a standby (replica1) that is 45 s behind. The run rests between chunks.',
  );
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(80);
  expect(screenOf(snapshot(halfWay, 15, work))).not.toContain('Slowed');
});

function plainLines(...snapshots: RunSnapshot[]): string[] {
  const lines: string[] = [];
  const progress = new PlainProgress((line) => lines.push(line), words);
  for (const shown of snapshots) progress.show(shown);
  return lines;
}

test("without a terminal each change is one line, in the manual's words", () => {
  const moved = exampleStatus({
    state: 'running',
    phase: 'migrate',
    steps: [exampleStep('customers', { differences: null })],
  });
  const done = exampleStatus({ steps: [exampleStep('customers')] });
  expect(
    plainLines(
      snapshot(halfWay, 15, work),
      snapshot(halfWay, 16, work),
      snapshot(moved, 17),
      snapshot(done, 18),
    ),
  ).toEqual([
    'Phase 1 of 4: prepare',
    'Phase 2 of 4: migrate',
    '🔄 Migrating customers...',
    '📊 Progress: 1,250/5,000 customers (25%)',
    '⏱️  Processing rate: 85 records/sec, about 44s left, 2 rejected so far (0.1%)',
    '✅ Customer migration completed: 4,998 records migrated, 2 rejected',
    'Phase 3 of 4: validate',
    '✅ Customers compared with their source: no difference',
    'Phase 4 of 4: finalize',
  ]);
});

test('long silences are broken by what is at work', () => {
  expect(plainLines(snapshot(halfWay, 15), snapshot(halfWay, 20), snapshot(halfWay, 26)).at(-1)).toBe(
    '⏳ Still at work: moving rows',
  );
});

test('a hold is told once, and again when the run is held anew', () => {
  const held = snapshot(waiting, 5);
  const lines = plainLines(held, held, snapshot(halfWay, 6), held);
  expect(lines.filter((line) => line.includes('Waiting: ERR_003'))).toHaveLength(2);
});

test('what slows the run is told once, whatever its figures are meanwhile, and when it is over', () => {
  const lines = plainLines(
    snapshot(slowed, 15),
    snapshot({ ...slowed, throttle: slowed.throttle && { ...slowed.throttle, reason: 'More.' } }, 16),
    snapshot(halfWay, 17),
    snapshot(halfWay, 18),
  );
  expect(lines.filter((line) => /slow/i.test(line))).toEqual([
    '🐢 Slowed down: The target has a standby (replica1) that is 45 s behind. The run rests between chunks.',
    '🐇 Nothing slows the run any more',
  ]);
});
