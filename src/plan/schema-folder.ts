import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where drizzle's migrator writes down which migrations of a plan are in the target: a table for each plan, since the
 * migrator looks at the newest entry only. Handed to `migrate` together with the plan's folder; its own default would
 * leave a second schema in the target.
 */
export function schemaBookkeeping(plan: { readonly name: string }): {
  readonly migrationsSchema: string;
  readonly migrationsTable: string;
} {
  return { migrationsSchema: 'migration', migrationsTable: `schema_migrations_${plan.name}` };
}

/**
 * The absolute folder of a plan's SQL migrations, named relative to the plan's module:
 * `schemaFolder(import.meta.url, './sql')`.
 *
 * The compiler does not copy SQL. A module that runs from the `dist` of its package therefore finds the folder at the
 * same place among the sources, unless somebody has put a copy beside it. Throws when there is no folder with a
 * `meta/_journal.json` at either place.
 */
export function schemaFolder(moduleUrl: string, folder: string): string {
  const beside = fileURLToPath(new URL(folder, moduleUrl));
  const places = [beside, amongSources(beside)].filter((place) => place !== undefined);
  const found = places.find((place) => existsSync(path.join(place, 'meta', '_journal.json')));
  if (found === undefined)
    throw new Error(
      `There are no SQL migrations with a meta/_journal.json in ${places.join(' or in ')}. ` +
        'Generate them with drizzle-kit, or bring the folder along with the compiled files.',
    );
  return found;
}

/** The same place outside of the package's `dist`, if it is inside. */
function amongSources(place: string): string | undefined {
  const root = packageRoot(path.dirname(place));
  const inDist = root === undefined ? '..' : path.relative(path.join(root, 'dist'), place);
  return root === undefined || inDist.startsWith('..') ? undefined : path.join(root, inDist);
}

function packageRoot(folder: string): string | undefined {
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : packageRoot(above);
}
