import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { schemaFolder } from '../../src/plan/schema-folder.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-plan-'));
  await writeFile(path.join(root, 'package.json'), '{}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function migrations(...folder: string[]): Promise<string> {
  const place = path.join(root, ...folder);
  await mkdir(path.join(place, 'meta'), { recursive: true });
  await writeFile(path.join(place, 'meta', '_journal.json'), '{"entries": []}');
  return place;
}
const moduleAt = (...place: string[]): string => pathToFileURL(path.join(root, ...place)).href;

test('a module among the sources has its folder beside it', async () => {
  const folder = await migrations('src', 'plan', 'sql');
  expect(schemaFolder(moduleAt('src', 'plan', 'plan.ts'), './sql')).toBe(folder);
});

test('a compiled module finds the folder among the sources, unless there is a copy beside it', async () => {
  const compiled = moduleAt('dist', 'src', 'plan', 'plan.js');
  const folder = await migrations('src', 'plan', 'sql');
  expect(schemaFolder(compiled, './sql')).toBe(folder);
  const copy = await migrations('dist', 'src', 'plan', 'sql');
  expect(schemaFolder(compiled, './sql')).toBe(copy);
});

test('where there is none, both places are named', () => {
  expect(() => schemaFolder(moduleAt('dist', 'plan.js'), './sql')).toThrow(
    `There are no SQL migrations with a meta/_journal.json in ${path.join(root, 'dist', 'sql')} or in ${path.join(root, 'sql')}.`,
  );
});
