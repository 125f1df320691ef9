import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { builtProduct } from '../helpers/built-product.js';

test('dist holds the worker, the bundled workflow and the SQL, and is built once for the same sources', async () => {
  const [dist, again] = await Promise.all([builtProduct(''), builtProduct('')]);
  expect(again).toBe(dist);

  expect(existsSync(path.join(dist, 'worker.js'))).toBe(true);
  expect(await readFile(path.join(dist, 'workflow-bundle.js'), 'utf8')).toContain('./workflows/migration.ts');
  for (const journal of ['src/store/sql/meta/_journal.json', 'src/plan/nxt/sql/meta/_journal.json'])
    expect(existsSync(path.join(dist, journal))).toBe(true);
  expect(existsSync(path.join(dist, 'src/store/drizzle.config.js'))).toBe(false);

  const { ino } = await stat(dist);
  await builtProduct('');
  expect((await stat(dist)).ino).toBe(ino);
}, 120_000);
