import type { Wider } from '../values/wider/wider.js';
import type { Field } from './field.js';
import type { CompileInput, RowContext } from './types.js';

/** Reads a text that its rule refuses; undefined, and nothing told, where that is not possible either. */
export type Widening<T> = (text: string, field: Field, context: RowContext) => T | undefined;

/** The wider reading of a rule where the settings ask for it, with a warning for every value; else one that reads nothing. */
export function widening<T>(
  { settings }: CompileInput,
  read: (text: string) => Wider<T> | undefined,
): Widening<T> {
  if (settings.coerceTypes !== true) return () => undefined;
  return (text, field, context) => {
    const wider = read(text);
    if (wider !== undefined) context.warn(field.name, `read with wider coercion: ${wider.as}`);
    return wider?.value;
  };
}
