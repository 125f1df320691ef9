import type { Client } from 'pg';
import { MigrationError } from '../contract/errors.js';
import type { Step, StepSource } from './step.js';

/** A legacy table as a step's survey has seen it. */
interface SourceShape {
  readonly key: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** By legacy table, as `migration.step_states` keeps it. */
export function shapesOf(sources: readonly StepSource[]): Record<string, SourceShape> {
  return Object.fromEntries(
    sources.map(({ table }) => [
      table.name,
      { key: table.key, columns: table.columns.map(({ name, type }) => ({ name, type })) },
    ]),
  );
}

/**
 * Makes sure that the legacy tables of a step that has begun are what they were then: rows that come later would be read
 * by other rules than those before, and both would agree with their verification. Throws ERR_002 with every difference.
 */
export async function requireSameShapes(step: Step, client: Client): Promise<void> {
  const { ref, entity, sources } = step;
  const { rows } = await client.query<{ shapes: Record<string, SourceShape> | null }>(
    `select source_shapes as shapes from migration.step_states where run = $1 and step = $2 and source is not null`,
    [ref.run, entity.step],
  );
  const then = rows[0]?.shapes;
  if (!then) return;
  const now = shapesOf(sources);
  const differences = Object.entries(then).flatMap(([table, shape]) => {
    const found = now[table];
    return found ? differencesOf(shape, found).map((difference) => `${table}: ${difference}`) : [];
  });
  if (differences.length > 0)
    throw new MigrationError(
      'ERR_002',
      `The source has changed since ${entity.step} began to move: ${differences.join('; ')}.`,
      {
        next: `Undo the change of the source and send the update retry, or roll ${entity.step} back and run it again.`,
        place: { server: 'source', table: entity.sources.map(({ table }) => table).join(', ') },
      },
    );
}

function differencesOf(then: SourceShape, now: SourceShape): string[] {
  const types = new Map(now.columns.map(({ name, type }) => [name, type]));
  const known = new Set(then.columns.map(({ name }) => name));
  const found = then.columns.flatMap(({ name, type }) => {
    const is = types.get(name);
    if (is === undefined) return [`column ${name} is gone`];
    return is === type ? [] : [`column ${name} was ${type} and is ${is}`];
  });
  const more = now.columns.filter(({ name }) => !known.has(name)).map(({ name }) => `column ${name} is new`);
  const sameKey = then.key.join('\0') === now.key.join('\0');
  return [
    ...found,
    ...more,
    ...(sameKey ? [] : [`its key was ${then.key.join(', ')} and is ${now.key.join(', ')}`]),
  ];
}
