import { describe, expect, it } from 'vitest';
import { parseRunInput, type RunSettings } from '../../src/contract/input.js';
import { RunBook } from '../../workflows/run-book.js';

const start = Date.UTC(2025, 0, 19, 10, 30);

function settings(input: object = {}): RunSettings {
  const parsed = parseRunInput(input);
  if ('problems' in parsed) throw new Error(parsed.problems.join());
  return parsed.settings;
}

function bookOf(...steps: string[]): RunBook {
  const book = new RunBook('Production', settings(), start);
  book.setOutline({
    plan: 'nxt',
    title: '',
    steps: steps.map((step) => ({ step, table: step, label: step, dependsOn: [] })),
  });
  return book;
}

describe('the book of a run', () => {
  it('counts the time left down from the deadline, never below nothing', () => {
    const book = bookOf();
    expect(book.status(start).deadline).toBe('2025-01-19T14:30:00.000Z');
    expect(book.status(start + 60_000).secondsLeft).toBe(4 * 3600 - 60);
    expect(book.status(start + 5 * 3_600_000).secondsLeft).toBe(0);
  });

  it('adds the rows of all steps up, and the error rate from them', () => {
    const book = bookOf('customers', 'suppliers');
    book.startStep('customers', start);
    book.countRows(
      'customers',
      { read: 90, migrated: 88, merged: 0, rejected: 2, warnings: 1 },
      start + 1_000,
    );
    book.countRows(
      'suppliers',
      { read: 10, migrated: 5, merged: 2, rejected: 3, warnings: 0 },
      start + 1_000,
    );
    const status = book.status(start + 1_000);
    expect(status.rows).toEqual({ read: 100, migrated: 93, merged: 2, rejected: 5 });
    expect(status.errorRate).toBe(0.05);
    expect(status.steps[0]?.rowsPerSecond).toBe(90);
  });

  it('has no error rate before a row was read', () => {
    expect(bookOf('customers').errorRate).toBe(0);
  });

  it('knows a step by its name only', () => {
    expect(() => bookOf('customers').startStep('nobody', start)).toThrow('no step nobody');
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
    expect(settings()).toMatchObject({ plan: 'nxt', mode: 'auto', maxDuration: '4h', maxErrorRate: 0.1 });
  });
});
