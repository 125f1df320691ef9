import { MigrationError } from '../../contract/errors.js';
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

/** The target column's type when it is of this kind; refuses every other. */
export function typeOfKind<K extends TargetType['kind']>(
  input: CompileInput,
  rule: string,
  kind: K,
): Extract<TargetType, { kind: K }> {
  if (input.type.kind !== kind) throw refusal(input, `a rule of kind ${rule} writes ${kind} columns only`);
  return input.type as Extract<TargetType, { kind: K }>;
}
