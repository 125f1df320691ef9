import { performance } from 'node:perf_hooks';
import { legacyTableNames } from './legacy-tables.js';
import { legacyRows } from './rows/legacy-rows.js';
import { storeKindOf } from './stores/open-store.js';
import { manifestOf, type SeedSummary } from './summary.js';
import { createWorld } from './world.js';

export interface SeedOptions {
  /** The database to make the tables in, PostgreSQL, MySQL or MariaDB; it must have none of them yet. */
  url: string;
  /** Rows in all eight tables together, 8 to 2^31; 100,000 unless given. */
  rows?: number;
  /** The same seed and rows give the same bytes, on any machine and day. */
  seed?: number;
  /** The most dirty rows that a table gets, in percent; more than 8 makes small databases hold all kinds. */
  mostDirtPercent?: number;
  log?: (line: string) => void;
}

/**
 * Makes the legacy wholesaler's database: eight tables with believable rows, about 1% of them dirty in known
 * ways. Returns what was planted where, and what a migration must do with it. All or nothing.
 *
 * A clean row migrates without a warning, but for phones that name no country. Clean rows are the same in all dialects;
 * of the dirt, what a dialect's types cannot hold has another kind in its place.
 *
 * @example
 * const planted = await seedLegacy({ url: 'postgres://demo@127.0.0.1:5432/legacy', rows: 20_000 });
 * @throws RangeError for rows, seed or percent out of range
 * @throws MigrationError when the database cannot be reached or has one of the tables
 */
export async function seedLegacy({
  url,
  rows = 100_000,
  seed = 1,
  mostDirtPercent = 8,
  log = () => undefined,
}: SeedOptions): Promise<SeedSummary> {
  const start = performance.now();
  const { dialect, open } = storeKindOf(url);
  const world = createWorld(rows, seed, mostDirtPercent, dialect);
  const store = await open(url);
  try {
    await store.createTables();
    for (const table of legacyTableNames) {
      const tableStart = performance.now();
      await store.load(table, legacyRows(world, table));
      log(`${table}: ${world.counts[table]} rows in ${seconds(performance.now() - tableStart)} s`);
    }
    await store.finish();
  } finally {
    await store.close();
  }
  const milliseconds = Math.round(performance.now() - start);
  const rowsPerSecond = Math.round((rows * 1000) / Math.max(milliseconds, 1));
  log(`${rows} rows in ${seconds(milliseconds)} s, ${rowsPerSecond} rows/s`);
  return { ...manifestOf(world), milliseconds, rowsPerSecond };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
