import { describe, expect, it } from 'vitest';
import { parseUpdate } from '../../src/contract/messages.js';
import type { RunData } from '../../workflows/run-data.js';
import { compensated, register, toUndo } from '../../workflows/saga.js';
import { begin, complete, preparedRun } from './example-run.js';

/** Everything in, in the order of the plan. */
function all(): RunData {
  return complete(preparedRun(), 'customers', 'suppliers', 'products', 'inventory', 'price-lists');
}

function undone(data: RunData, rollback: object): string[] {
  return toUndo(data, parseUpdate('rollback', rollback));
}

describe('the compensations of a run', () => {
  it('are as many as steps have begun, however often they begin', () => {
    const data = preparedRun();
    for (const step of ['customers', 'suppliers', 'customers']) register(data, step);
    expect(data.compensations).toEqual(['customers', 'suppliers']);
  });

  it('are gone when they are done; a second time does no harm', () => {
    const data = complete(preparedRun(), 'customers', 'suppliers');
    compensated(data, 'customers');
    compensated(data, 'customers');
    expect(data.compensations).toEqual(['suppliers']);
  });
});

describe('what a rollback takes back', () => {
  it('full: everything, the last first', () => {
    expect(undone(all(), { scope: 'full' })).toEqual([
      'price-lists',
      'inventory',
      'products',
      'suppliers',
      'customers',
    ]);
  });

  it('full: nothing, where nothing has begun', () => {
    expect(undone(preparedRun(), { scope: 'full' })).toEqual([]);
  });

  it('full: what is half in as well', () => {
    const data = begin(complete(preparedRun(), 'customers'), 'suppliers');
    expect(undone(data, { scope: 'full' })).toEqual(['suppliers', 'customers']);
  });

  it('tables: with all that depends on them, children first', () => {
    expect(undone(all(), { scope: 'tables', tables: ['suppliers'] })).toEqual([
      'inventory',
      'products',
      'suppliers',
    ]);
  });

  it('tables: not what only looks for them', () => {
    expect(undone(all(), { scope: 'tables', tables: ['suppliers'] })).not.toContain('price-lists');
  });

  it('tables: several, each once, in the order of the undo and not of the asking', () => {
    expect(undone(all(), { scope: 'tables', tables: ['customers', 'inventory', 'products'] })).toEqual([
      'price-lists',
      'inventory',
      'products',
      'customers',
    ]);
  });

  it('tables: by the name of the table or of its step', () => {
    const byTable = undone(all(), { scope: 'tables', tables: ['inventory_levels'] });
    expect(byTable).toEqual(['inventory']);
    expect(undone(all(), { scope: 'tables', tables: ['inventory'] })).toEqual(byTable);
  });

  it('tables: children first also where a parent was moved again later', () => {
    const data = all();
    for (const step of ['inventory', 'products', 'suppliers']) compensated(data, step);
    complete(data, 'suppliers', 'products');
    expect(data.compensations).toEqual(['customers', 'price-lists', 'suppliers', 'products']);
    expect(undone(data, { scope: 'tables', tables: ['suppliers', 'customers'] })).toEqual([
      'products',
      'suppliers',
      'price-lists',
      'customers',
    ]);
  });

  it('tables: nothing of a table that has not begun', () => {
    const data = complete(preparedRun(), 'customers');
    expect(undone(data, { scope: 'tables', tables: ['suppliers'] })).toEqual([]);
  });

  it('last-step: the one that began last', () => {
    expect(undone(all(), { scope: 'last-step' })).toEqual(['price-lists']);
    const data = begin(complete(preparedRun(), 'customers'), 'suppliers');
    expect(undone(data, { scope: 'last-step' })).toEqual(['suppliers']);
    expect(undone(preparedRun(), { scope: 'last-step' })).toEqual([]);
  });

  it('last-step: with what depends on it, where it was moved again', () => {
    const data = complete(preparedRun(), 'customers', 'price-lists');
    compensated(data, 'customers');
    register(data, 'customers');
    expect(undone(data, { scope: 'last-step' })).toEqual(['customers', 'price-lists']);
  });

  it('checkpoint: all that came after it, and not what it stands for', () => {
    expect(undone(all(), { scope: 'checkpoint', checkpoint: 'suppliers_completed' })).toEqual([
      'price-lists',
      'inventory',
      'products',
    ]);
    expect(undone(all(), { scope: 'checkpoint', checkpoint: 'inventory_levels_completed' })).toEqual([
      'price-lists',
    ]);
    expect(undone(all(), { scope: 'checkpoint', checkpoint: 'price_lists_completed' })).toEqual([]);
  });

  it('checkpoint: what is half in came after every checkpoint', () => {
    const data = begin(complete(preparedRun(), 'customers'), 'suppliers');
    expect(undone(data, { scope: 'checkpoint', checkpoint: 'customers_completed' })).toEqual(['suppliers']);
  });

  it.each([
    [
      { scope: 'tables', tables: ['nobody'] },
      /no step or table nobody; allowed are customers, suppliers, .*inventory_levels/,
    ],
    [{ scope: 'tables', tables: [] }, /name the tables to undo; allowed are customers/],
    [
      { scope: 'checkpoint', checkpoint: 'nowhere' },
      /no checkpoint nowhere; there are: customers_completed$/,
    ],
    [{ scope: 'checkpoint' }, /no checkpoint \(none was named\); there are: customers_completed$/],
  ])('%j is refused with what is allowed', (rollback, words) => {
    expect(() => undone(complete(preparedRun(), 'customers'), rollback)).toThrow(words);
  });

  it('says so when there is no checkpoint yet', () => {
    expect(() => undone(preparedRun(), { scope: 'checkpoint', checkpoint: 'customers_completed' })).toThrow(
      'none yet',
    );
  });
});
