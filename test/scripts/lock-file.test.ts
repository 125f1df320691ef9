import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const entry = z.object({ optionalDependencies: z.record(z.string(), z.string()).default({}) });
const lockFile = z.object({ packages: z.record(z.string(), entry) });

// `npm ci` refuses a lock file that leaves out another platform's package; npm writes such a file when the registry
// it asks does not have that package.
test('package-lock.json names the packages of every platform', () => {
  const url = new URL('../../package-lock.json', import.meta.url);
  const { packages } = lockFile.parse(JSON.parse(readFileSync(url, 'utf8')));
  const named = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies))
    .filter((name) => !named.has(name));
  expect(missing).toEqual([]);
});
