/** `npm run bench`: how fast rows move, as ratios to other ways in the same run on the same machine. */
import path from 'node:path';
import { exitCodeOf, explain } from '../cli/exit-code.js';
import { listenForInterruption } from '../cli/interruption.js';
import { createKeeper } from '../servers/keeper.js';
import { measure } from './benchmark.js';
import { withCounterparts } from './comparisons.js';
import type { Contestant } from './contestant.js';
import { moves } from './moves.js';
import { type BenchOptions, parseOptions } from './options.js';
import { contestantOf } from './peers/contest.js';
import { peers } from './peers/peers.js';
import { markdownOf } from './report/markdown.js';
import { writeResults } from './report/write-results.js';
import { wholeRun } from './whole-run.js';
import { manyPriceListItems, priceListItems } from './workloads/price-list-items.js';
import { products } from './workloads/products.js';
import type { Workload } from './workloads/workload.js';

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const keeper = createKeeper({ log });
const all: readonly Contestant[] = [
  ...moves,
  wholeRun('postgres', keeper),
  wholeRun('mysql', keeper),
  ...peers.map(contestantOf),
];
const options = parseOptions(
  process.argv.slice(2),
  all.map(({ name }) => name),
);
const interruption = listenForInterruption();
try {
  const results = await measure({
    contestants: contestantsOf(options),
    workloads: workloadsOf(options),
    rounds: options.rounds,
    keeper,
    log,
    signal: interruption.signal,
  });
  if (options.out !== undefined) {
    await writeResults(options.out, results);
    log(`Written to ${path.resolve(options.out)}.`);
  }
  process.stdout.write(options.json ? `${JSON.stringify(results)}\n` : markdownOf(results));
} catch (error) {
  log(explain(error));
  process.exitCode = exitCodeOf(error);
} finally {
  interruption.dispose();
}

/** All, or those that are named with those of ours that they are measured against. */
function contestantsOf({ only }: BenchOptions): Contestant[] {
  const ours = new Set(moves.map(({ name }) => name));
  const wanted = only && withCounterparts(only, ours);
  return all.filter(({ name }) => wanted?.has(name) ?? true);
}

function workloadsOf({ rows, large, workload }: BenchOptions): Workload[] {
  const workloads = [products(rows), priceListItems(rows), ...(large ? [manyPriceListItems(rows)] : [])];
  return workloads.filter(({ name }) => workload === undefined || name.startsWith(workload));
}
