import { MigrationError } from '../../contract/errors.js';
import type { SourceColumn } from '../row.js';
import type { CompileInput } from './types.js';
import type { TargetType } from './target-type.js';

type Place = Pick<CompileInput, 'step' | 'sourceTable' | 'target'>;

/** A plan, a legacy table and a target that do not fit together: found before the first row is read. */
export function refusal(input: Place, why: string): MigrationError {
  const { step, sourceTable, target } = input;
  return new MigrationError(
    'ERR_002',
    `${step}: ${sourceTable} cannot be moved into column ${target.name} (${target.type}): ${why}`,
    {
      next: 'Change the rule in the plan, or the column in the database that does not fit it, and start again.',
      place: { table: sourceTable, column: target.name },
    },
  );
}

/**
 * Refuses PostgreSQL's bit strings where a number is meant: their text is made of the digits 0 and 1, and would be read as
 * another number in silence.
 */
export function refuseBitStrings(input: CompileInput, columns: readonly SourceColumn[]): void {
  for (const { name, type, encoding } of columns)
    if (encoding === 'pg-binary' && /^bit(?!\(1\)$)/.test(type))
      throw refusal(
        input,
        `${name} is a string of bits (${type}), which is no number until the source makes it one`,
      );
}

/** The target column's type when it is of this kind; refuses every other. */
export function typeOfKind<K extends TargetType['kind']>(
  input: CompileInput,
  rule: string,
  kind: K,
): Extract<TargetType, { kind: K }> {
  if (input.type.kind !== kind) throw refusal(input, `a rule of kind ${rule} writes ${kind} columns only`);
  return input.type as Extract<TargetType, { kind: K }>;
}
