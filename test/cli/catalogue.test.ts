import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from '../../src/cli/catalogue/index.js';
import { namedSteps } from '../../src/cli/catalogue/runs.js';
import { scriptOf } from '../../src/cli/command.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';

const root = path.resolve(import.meta.dirname, '../..');

test('every command has an npm script of the name in the manual, and no script leads nowhere', async () => {
  const { scripts, bin } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const expected = Object.fromEntries(
    catalogue.map((entry) => [scriptOf(entry), `exec node scripts/bootstrap.mjs nxt-migrate ${entry.name}`]),
  );
  const given = Object.fromEntries(
    Object.entries<string>(scripts).filter(([, script]) => script.includes('bootstrap.mjs nxt-migrate')),
  );
  expect(given).toEqual(expected);
  expect(bin).toEqual({ 'nxt-migrate': 'dist/src/cli/nxt-migrate.js' });
});

test('names are unique, and every example is of its own command', () => {
  expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  for (const { name, examples } of catalogue) {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example.split(' ')[0]).toBe(name);
  }
});

test('what every command needs for its work can be loaded', async () => {
  for (const { load } of catalogue) expect(await load()).toBeTypeOf('function');
});

test("the steps that have commands of their own are the built-in plan's", () => {
  expect([...namedSteps].toSorted()).toEqual(nxtPlan.entities.map(({ step }) => step).toSorted());
});
