import { describe, expect, it } from 'vitest';
import { parseRunInput } from '../../src/contract/input.js';
import type { RunStatus } from '../../src/contract/status.js';
import type { LiveFigures } from '../../workflows/live-figures.js';
import { RunBook } from '../../workflows/run-book.js';
import { hour, outline, preparedRun, start, startedRun, type Step } from './example-run.js';

const noRows = { read: 0, migrated: 0, merged: 0, rejected: 0, warnings: 0 };

function running(book: RunBook, nowMs = start, live?: LiveFigures): RunStatus {
  return book.status(nowMs, { state: 'running', waitingFor: null, ...(live && { live }) });
}

function stateOf(status: RunStatus, step: Step): string | undefined {
  return status.steps.find((each) => each.step === step)?.state;
}

describe('the book of a run', () => {
  it('counts the time left down from the deadline, never below nothing', () => {
    const book = new RunBook(startedRun());
    expect(running(book).deadline).toBe('2025-01-19T14:30:00.000Z');
    expect(running(book, start + 60_000).secondsLeft).toBe(4 * 3600 - 60);
    expect(running(book, start + 5 * hour).secondsLeft).toBe(0);
  });

  it('adds the rows of all steps up, and the error rate from them', () => {
    const book = new RunBook(preparedRun());
    book.countRows('customers', { read: 90, migrated: 88, merged: 0, rejected: 2, warnings: 1 });
    book.countRows('suppliers', { read: 10, migrated: 5, merged: 2, rejected: 3, warnings: 0 });
    const status = running(book);
    expect(status.rows).toEqual({ read: 100, migrated: 93, merged: 2, rejected: 5 });
    expect(status.errorRate).toBe(0.05);
  });

  it('has no error rate before a row was read', () => {
    expect(running(new RunBook(preparedRun())).errorRate).toBe(0);
  });

  it('takes only the time that was worked on a step for its rate', () => {
    const book = new RunBook(preparedRun());
    book.work('customers', true, start);
    book.work('customers', false, start + 1_000);
    book.work('customers', true, start + hour);
    book.countRows('customers', { ...noRows, read: 300 });
    book.rate('customers', start + hour + 2_000);
    expect(running(book).steps[0]?.rowsPerSecond).toBe(100);
  });

  it('shows a step that has begun as paused while nothing works on it', () => {
    const data = preparedRun();
    const book = new RunBook(data);
    book.startStep('customers', start);
    expect(stateOf(running(book), 'customers')).toBe('paused');
    book.work('customers', true, start);
    expect(stateOf(running(book), 'customers')).toBe('running');
    const waitingFor = { reason: 'the run is paused', code: null, helps: ['resume'] };
    expect(stateOf(book.status(start, { state: 'paused', waitingFor }), 'customers')).toBe('paused');
  });

  it('does not count a pause in the rate of a step', () => {
    const data = preparedRun();
    const book = new RunBook(data);
    book.startStep('customers', start);
    book.work('customers', true, start);
    book.rest(true, start + 1_000);
    book.rest(true, start + hour);
    book.rest(false, start + 2 * hour);
    book.countRows('customers', { read: 300, migrated: 300, merged: 0, rejected: 0, warnings: 0 });
    book.rate('customers', start + 2 * hour + 2_000);
    expect(running(book).steps[0]?.rowsPerSecond).toBe(100);
  });

  it('keeps the first start of a step that begins again', () => {
    const book = new RunBook(preparedRun());
    book.startStep('customers', start);
    book.endStep('customers', 'failed', start + 1_000);
    book.startStep('customers', start + 2_000);
    expect(running(book).steps[0]).toMatchObject({
      startedAt: new Date(start).toISOString(),
      endedAt: null,
      state: 'paused',
    });
  });

  it('shows nothing of a step that is rolled back, and not its checkpoint', () => {
    const book = new RunBook(preparedRun());
    book.startStep('inventory', start);
    book.setSource('inventory', 100);
    book.countRows('inventory', { ...noRows, read: 100, migrated: 100 });
    book.checkpoint({ name: 'customers_completed', at: new Date(start).toISOString() });
    book.checkpoint({ name: 'inventory_levels_completed', at: new Date(start).toISOString() });
    book.undone('inventory', start + 1_000);
    const status = running(book);
    expect(status.rows.read).toBe(0);
    expect(status.checkpoints.map(({ name }) => name)).toEqual(['customers_completed']);
    expect(status.steps[3]).toMatchObject({ state: 'rolled-back', source: null, rowsPerSecond: null });
  });

  it('reaches a checkpoint once', () => {
    const book = new RunBook(preparedRun());
    book.checkpoint({ name: 'customers_completed', at: new Date(start).toISOString() });
    book.checkpoint({ name: 'customers_completed', at: new Date(start + 1_000).toISOString() });
    expect(running(book).checkpoints).toEqual([
      { name: 'customers_completed', at: '2025-01-19T10:30:00.000Z' },
    ]);
  });

  it('keeps the latest two hundred actions', () => {
    const book = new RunBook(preparedRun());
    for (let i = 1; i <= 201; i++) book.note({ by: 'ops', what: `note ${i}`, reason: null }, start);
    const { actions } = running(book);
    expect(actions).toHaveLength(200);
    expect(actions[0]?.what).toBe('note 2');
    expect(actions.at(-1)?.what).toBe('note 201');
  });

  it('goes on with what another run has done', () => {
    const book = new RunBook(preparedRun());
    const customers = { ...noRows, step: 'customers', state: 'completed', read: 7, migrated: 7 } as const;
    book.adopt(
      [{ ...customers, source: 7, startedAt: null, endedAt: null }],
      [{ name: 'customers_completed', at: new Date(0).toISOString() }],
    );
    const status = running(book);
    expect(stateOf(status, 'customers')).toBe('completed');
    expect(status.rows.migrated).toBe(7);
    expect(status.checkpoints).toHaveLength(1);
  });

  it('knows a step by its name only', () => {
    const book = new RunBook(preparedRun());
    expect(() => book.startStep('nobody', start)).toThrow('no step nobody');
    expect(running(book).steps.map(({ step }) => step)).toEqual(outline.steps.map(({ step }) => step));
  });
});

describe('the input of a run', () => {
  it.each([
    [{ tabels: [] }, 'tabels: unknown field'],
    [{ parallel: 0 }, 'parallel: 0 is not allowed'],
    [{ maxErrorRate: 2 }, 'maxErrorRate: 2 is not allowed'],
    [{ maxDuration: '4 hours' }, 'maxDuration: "4 hours" is not allowed; a duration such as'],
    [{ batchSizes: { products: -1 } }, 'batchSizes.products: -1 is not allowed'],
    ['text', 'input: "text" is not allowed'],
  ])('%j is refused with the field, the value and what is allowed', (input, problem) => {
    const parsed = parseRunInput(input);
    expect('problems' in parsed && parsed.problems.join('\n')).toContain(problem);
  });

  it('needs nothing at all', () => {
    expect(parseRunInput(undefined)).toEqual(parseRunInput({}));
    expect(startedRun().settings).toMatchObject({
      plan: 'nxt',
      mode: 'auto',
      maxDuration: '4h',
      maxErrorRate: 0.1,
    });
  });
});
