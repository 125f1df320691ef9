import type { RawRow } from '../row.js';
import type { Field } from './field.js';
import type { RowContext } from './types.js';

/**
 * A zero date as MySQL has them: never another date. True when the column is to be left empty; false after a fault.
 * A date that is zero only in part says something, so it is kept.
 */
export function zeroDateIsEmpty(
  text: string,
  field: Field,
  row: RawRow,
  context: RowContext,
  emptyAllowed: boolean,
): boolean {
  if (!emptyAllowed) {
    context.fault(field.name, 'is a zero date, which is no date');
    return false;
  }
  if (text.startsWith('0000-00-00')) {
    context.warn(field.name, 'is a zero date, which is no date; left empty');
    return true;
  }
  context.warn(field.name, 'is a date with a zero in it, which is no date; left empty, the original is kept');
  field.keep(row, context);
  return true;
}
