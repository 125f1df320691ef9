/**
 * Moves suppliers and products with the engine alone, in a process of its own, so that its memory is its own. Prints one
 * JSON document. Called by the benchmark with the databases in the environment.
 */
import { readEnvFile } from '../config/env-file.js';
import { loadConfig } from '../config/load-config.js';
import { poolConfigOf } from '../config/pool-config.js';
import { parseRunInput } from '../contract/input.js';
import { connect } from '../engine/postgres/connect.js';
import { openPostgresSource } from '../engine/postgres/source.js';
import { moveStep } from '../engine/move-step.js';
import { openStep } from '../engine/step.js';
import { surveyStep } from '../engine/survey/survey-step.js';
import { rebuildObjects } from '../engine/target/deferred-objects.js';
import { verifyStep } from '../engine/verify/verify-step.js';
import { parseTimestamp } from '../engine/values/timestamp.js';
import { withDependencies } from '../plan/order.js';
import { nxtPlan } from '../plan/nxt/plan.js';
import { prepareTargetSchema } from '../prepare/target-schema.js';
import { migrateStore } from '../store/migrate-store.js';
import { enterRun } from '../store/runs.js';
import { SharedReferences } from '../engine/references/shared-references.js';

/** Seconds by what was done, rows, and the largest resident memory. */
export interface MoveFigures {
  readonly rows: number;
  readonly survey: number;
  readonly move: number;
  /** of our own process, user and system, in `move` */
  readonly moveCpu: number;
  readonly complete: number;
  readonly verify: number;
  readonly differences: number;
  readonly peakMiB: number;
}

const table = process.argv[2] ?? 'products';
const config = loadConfig(readEnvFile('.env', process.env));
const signal = new AbortController().signal;
const targetConfig = poolConfigOf(config.target, config, { statementTimeoutMs: 0 });
const connectTarget = () => connect(targetConfig);
const client = await connectTarget();
const source = await openPostgresSource(poolConfigOf(config.source, config, { statementTimeoutMs: 0 }));
const ref = { run: 'bench', plan: nxtPlan.name, startedAt: '2025-01-19T10:30:00.000Z' };
const start = parseTimestamp(ref.startedAt);
const input = parseRunInput({});
if ('problems' in input || start?.kind !== 'moment') throw new Error('the benchmark has a wrong input');
const entities = withDependencies(nxtPlan, [table]);
await migrateStore(client);
await prepareTargetSchema(client, nxtPlan);
await enterRun(client, ref, 'bench', input.settings, entities);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

let figures: MoveFigures | undefined;
for (const entity of entities) {
  const settings = {
    runStartMicros: start.micros,
    runStartIso: ref.startedAt,
    ...config.reading,
  };
  const step = await openStep({ ref, plan: nxtPlan, entity, settings }, source, client);
  let rows = 0;
  let differences = 0;
  const survey = await seconds(() =>
    surveyStep(step, source, client, {
      rangeRows: config.limits.rangeRows,
      signal,
      progress: () => undefined,
    }),
  );
  const cpu = process.cpuUsage();
  const move = await seconds(() =>
    moveStep(step, {
      database: source,
      connect: connectTarget,
      references: new SharedReferences(),
      limit: { rows: config.limits.batchSize, bytes: config.limits.chunkBytes },
      pause: signal,
      signal,
      onCommit: (moved) => {
        rows = moved.read;
      },
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  const moveCpu = (user + system) / 1e6;
  const complete = await seconds(() => rebuildObjects(client, ref.run, entity.table, () => undefined));
  const verify = await seconds(async () => {
    const options = { references: new SharedReferences(), signal, progress: () => undefined };
    ({ differences } = await verifyStep(step, source, connectTarget, options));
  });
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  figures = { rows, survey, move, moveCpu, complete, verify, differences, peakMiB };
}
await source.close();
await client.end();
process.stdout.write(`${JSON.stringify(figures)}\n`);
