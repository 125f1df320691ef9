import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chartOf } from './chart.js';
import { markdownOf } from './markdown.js';
import type { Results } from './results.js';

/** Writes results.json, results.md and chart.svg into the folder, which is made if missing. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(path.join(folder, 'results.md'), markdownOf(results));
  await writeFile(path.join(folder, 'chart.svg'), chartOf(results));
}
