import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const run = promisify(execFile);
const project = path.resolve(import.meta.dirname, '../..');

/** The imports of a file, and the rules that they break. */
const planted: [file: string, imports: string[], broken: string[]][] = [
  ['worker.ts', ['./activities/act.js', '@temporalio/client'], []],
  ['workflows/wire.ts', ['../activities/types.js', '../src/contract/names.js', '@temporalio/workflow'], []],
  ['activities/act.ts', ['../src/engine/move.js', '@temporalio/activity'], []],
  ['src/contract/names.ts', ['zod'], []],
  ['src/engine/move.ts', ['../store/read.js', 'pg', 'node:fs'], []],
  ['src/store/read.ts', [], []],
  ['src/config/config.ts', ['../contract/names.js'], []],
  ['src/client/signal.ts', ['../contract/names.js', '@temporalio/client'], []],
  ['src/cli/print.ts', ['../client/signal.js', '../servers/start.js', '../demo/seed.js'], []],
  ['src/servers/start.ts', ['@temporalio/client'], []],
  ['src/demo/seed.ts', ['../contract/names.js', 'pg'], []],
  ['test/helper.ts', ['tool', '../src/engine/move.js'], []],

  // A circle is told once.
  ['src/engine/chicken.ts', ['./egg.js'], ['no-circles']],
  ['src/engine/egg.ts', ['./chicken.js'], []],
  ['src/engine/lost.ts', ['./nowhere.js'], ['everything-is-there']],
  ['src/engine/borrow.ts', ['unlisted'], ['packages-are-listed']],
  ['src/engine/generate.ts', ['tool'], ['no-tools-in-the-product']],
  ['src/engine/try.ts', ['../../test/helper.js'], ['no-tests-in-the-product']],
  ['src/contract/table.ts', ['../store/read.js'], ['contract-is-the-ground']],
  ['src/contract/file.ts', ['node:fs'], ['contract-is-plain-data']],
  ['src/contract/query.ts', ['pg'], ['contract-is-plain-data']],
  ['workflows/move.ts', ['../src/engine/move.js'], ['workflows-only-wire']],
  ['workflows/act.ts', ['../activities/act.js'], ['workflows-only-wire']],
  ['workflows/read.ts', ['node:fs'], ['workflows-only-wire']],
  ['workflows/ask.ts', ['@temporalio/client'], ['workflows-only-wire']],
  ['activities/types.ts', ['./act.js'], ['activity-types-are-types']],
  ['src/engine/heartbeat.ts', ['@temporalio/activity'], ['temporal-has-few-doors']],
  ['src/dashboard/list.ts', ['@temporalio/client'], ['temporal-has-few-doors']],
  ['src/engine/act.ts', ['../../activities/act.js'], ['the-engine-is-below']],
  ['src/store/print.ts', ['../cli/print.js'], ['the-engine-is-below']],
  ['src/checks/wire.ts', ['../../workflows/wire.js'], ['the-engine-is-below']],
  ['src/backup/signal.ts', ['../client/signal.js'], ['the-engine-is-below']],
  ['src/report/work.ts', ['../../worker.js'], ['the-engine-is-below']],
  ['activities/wire.ts', ['../workflows/wire.js'], ['activities-are-thin']],
  ['activities/signal.ts', ['../src/client/signal.js'], ['activities-are-thin']],
  ['src/client/move.ts', ['../engine/move.js'], ['the-client-talks']],
  ['src/cli/act.ts', ['../../activities/act.js'], ['operators-go-through-the-client']],
  ['src/dashboard/print.ts', ['../cli/print.js'], ['the-dashboard-stands-alone']],
  ['src/servers/configure.ts', ['../config/config.js'], ['servers-stand-alone']],
  ['src/demo/load.ts', ['../engine/move.js'], ['the-demo-only-seeds']],
];

const packages = {
  dependencies: ['@temporalio/activity', '@temporalio/client', '@temporalio/workflow', 'pg', 'zod'],
  devDependencies: ['tool'],
  unlisted: ['unlisted'],
};

/** What we read of dependency-cruiser's report. */
const report = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
    ruleSetUsed: z.object({ forbidden: z.array(z.object({ name: z.string() })) }),
  }),
});

// Whether today's code keeps the rules is a check of its own in `npm test`; this is whether the rules bite.
test('each rule about who may import whom catches a planted import, and lets the right ones be', async () => {
  const folder = await temporaryFolder();
  await plant(folder);
  const { violations, ruleSetUsed } = await cruise(folder);

  const found = planted.map(([file]) => {
    const rules = violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);
    return [file, [...new Set(rules)]];
  });
  expect(found).toEqual(planted.map(([file, , broken]) => [file, broken]));

  const proved = new Set(planted.flatMap(([, , broken]) => broken));
  expect(ruleSetUsed.forbidden.map(({ name }) => name).filter((name) => !proved.has(name))).toEqual([]);
});

async function plant(folder: string): Promise<void> {
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  const { dependencies, devDependencies } = packages;
  const manifest = { dependencies: versions(dependencies), devDependencies: versions(devDependencies) };
  await write(folder, 'package.json', JSON.stringify(manifest));
  for (const name of Object.values(packages).flat()) {
    await write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, exports: './index.js' }));
    await write(folder, `node_modules/${name}/index.js`, '');
  }
  for (const [file, imports] of planted)
    await write(folder, file, imports.map((name) => `import type {} from '${name}';\n`).join(''));
}

async function write(folder: string, file: string, content: string): Promise<void> {
  const place = path.join(folder, file);
  await mkdir(path.dirname(place), { recursive: true });
  await writeFile(place, content);
}

async function cruise(folder: string) {
  const depcruise = path.join(project, 'node_modules/.bin/depcruise');
  const config = path.join(project, '.dependency-cruiser.mjs');
  const { stdout } = await run(depcruise, ['.', '--config', config, '--output-type', 'json'], {
    cwd: folder,
  });
  return report.parse(JSON.parse(stdout)).summary;
}
