/**
 * Moves a step and those that it needs with the engine alone, in a process of its own, so that its memory is its own.
 * Prints the figures of the step as one JSON document. The databases are in the environment, as for a worker.
 *
 *     node dist/src/bench/move.js products --lanes=3 --refuse="right(sku, 2) <> '01'"
 */
import { parseArgs } from 'node:util';
import { readEnvFile } from '../config/env-file.js';
import { loadConfig } from '../config/load-config.js';
import { poolConfigOf } from '../config/pool-config.js';
import { parseRunInput } from '../contract/input.js';
import { connect } from '../engine/postgres/connect.js';
import { moveStep } from '../engine/move-step.js';
import { SharedReferences } from '../engine/references/shared-references.js';
import { openSource } from '../engine/source/open-source.js';
import { openStep, type Step } from '../engine/step.js';
import { surveyStep } from '../engine/survey/survey-step.js';
import { rebuildObjects } from '../engine/target/deferred-objects.js';
import { verifyStep } from '../engine/verify/verify-step.js';
import { parseTimestamp } from '../engine/values/timestamp.js';
import { withDependencies } from '../plan/order.js';
import { nxtPlan } from '../plan/nxt/plan.js';
import { prepareTargetSchema } from '../prepare/target-schema.js';
import { migrateStore } from '../store/migrate-store.js';
import { quoteTable } from '../store/quote.js';
import { enterRun, stepCounts } from '../store/runs.js';

/** Seconds by what was done, rows by what became of them, and the largest resident memory. */
export interface MoveFigures {
  readonly read: number;
  readonly migrated: number;
  readonly rejected: number;
  /** looking for duplicates and cutting ranges, before */
  readonly survey: number;
  /** from the first row read to the last chunk committed */
  readonly move: number;
  /** of our own process, user and system, in `move` */
  readonly moveCpu: number;
  /** indexes and foreign keys, after */
  readonly complete: number;
  readonly verify: number;
  readonly differences: number;
  /** of the whole process, from its start to its end */
  readonly peakMiB: number;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    // Ranges that are moved, and compared, side by side; as in a run that says nothing about it, unless told.
    lanes: { type: 'string' },
    // A condition on the target's rows of which the plan knows nothing.
    refuse: { type: 'string' },
  },
});
const [wanted = 'products'] = positionals;

const config = loadConfig(readEnvFile('.env', process.env));
const { signal } = new AbortController();
const targetConfig = poolConfigOf(config.target, config, { statementTimeoutMs: 0 });
const connectTarget = () => connect(targetConfig);
const client = await connectTarget();
const source = await openSource(config.source, config.database);
const ref = { run: 'bench', plan: nxtPlan.name, startedAt: '2025-01-19T10:30:00.000Z' };
const start = parseTimestamp(ref.startedAt);
const input = parseRunInput({});
if ('problems' in input || start?.kind !== 'moment') throw new Error('the benchmark has a wrong input');
const lanes = Number(values.lanes ?? input.settings.parallel);
const runStart = { runStartMicros: start.micros, runStartIso: ref.startedAt };

const entities = withDependencies(nxtPlan, [wanted]);
await migrateStore(client);
await prepareTargetSchema(client, nxtPlan);
await enterRun(client, ref, 'bench', input.settings, entities);

let figures: MoveFigures | undefined;
for (const entity of entities) {
  if (values.refuse !== undefined && entity.step === wanted)
    await client.query(`alter table ${quoteTable(entity.table)} add check (${values.refuse})`);
  const settings = { ...runStart, ...config.reading };
  figures = await measure(await openStep({ ref, plan: nxtPlan, entity, settings }, source, client));
}
await source.close();
await client.end();
process.stdout.write(`${JSON.stringify(figures)}\n`);

async function measure(step: Step): Promise<MoveFigures> {
  const progress = (): void => undefined;
  const { rangeRows } = config.limits;
  const survey = await seconds(() => surveyStep(step, source, client, { rangeRows, signal, progress }));
  const cpu = process.cpuUsage();
  const references = new SharedReferences();
  const move = await seconds(() => inLanes(() => moveLane(step, references)));
  const { user, system } = process.cpuUsage(cpu);
  const moveCpu = (user + system) / 1e6;
  const complete = await seconds(() => rebuildObjects(client, ref.run, step.entity.table, progress));
  let differences = 0;
  const verify = await seconds(async () => {
    const options = { references, signal, progress };
    const found = await inLanes(() => verifyStep(step, source, connectTarget, options));
    // Each tells what the whole step had when it was through itself.
    differences = Math.max(...found.map((each) => each.differences));
  });
  const { read, migrated, rejected } = await stepCounts(client, ref.run, step.entity.step);
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  return { read, migrated, rejected, survey, move, moveCpu, complete, verify, differences, peakMiB };
}

function moveLane(step: Step, references: SharedReferences): Promise<boolean> {
  return moveStep(step, {
    database: source,
    connect: connectTarget,
    references,
    limit: { rows: config.limits.batchSize, bytes: config.limits.chunkBytes },
    pause: signal,
    signal,
    onCommit: () => undefined,
  });
}

function inLanes<T>(work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: lanes }, work));
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}
