import type { Client } from 'pg';
import { parseDatabaseUrl } from '../../../src/config/parse-database-url.js';
import { parseRunInput } from '../../../src/contract/input.js';
import type { StepCatchUp } from '../../../src/engine/catch-up/catch-up-options.js';
import { catchUpStep, type CaughtUp } from '../../../src/engine/catch-up/catch-up-step.js';
import { completeStep } from '../../../src/engine/complete/complete-step.js';
import { moveStep } from '../../../src/engine/move-step.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { SharedReferences } from '../../../src/engine/references/shared-references.js';
import { retryRejects } from '../../../src/engine/retry/retry-rejects.js';
import { openSource } from '../../../src/engine/source/open-source.js';
import type { SourceDatabase } from '../../../src/engine/source/types.js';
import { openStep, type Step } from '../../../src/engine/step.js';
import { surveyStep } from '../../../src/engine/survey/survey-step.js';
import { undoStep } from '../../../src/engine/undo/undo-step.js';
import { openVerification, verifyStep, type Verification } from '../../../src/engine/verify/verify-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../../src/prepare/target-schema.js';
import { migrateStore } from '../../../src/store/migrate-store.js';
import { enterRun, stepCounts } from '../../../src/store/runs.js';
import { createDatabase } from '../../helpers/databases.js';
import { contentsOf, type RunContents } from '../../helpers/run-contents.js';

const ref = { run: 'caught-up', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };
const { signal: never } = new AbortController();

/** A run of the built-in plan over a legacy database, into a target of its own. */
export interface CaughtUpRun {
  readonly target: Client;
  readonly targetUrl: string;
  /** moves and completes all steps */
  move(): Promise<void>;
  /** one attempt at one step of a catch-up */
  attempt(step: string, over: Partial<StepCatchUp> & { readonly number: number }): Promise<CaughtUp>;
  /** one catch-up of all steps, as the workflow does it; answers what it did to each */
  catchUp(over?: Partial<StepCatchUp>): Promise<Map<string, CaughtUp>>;
  /** moves the quarantined rows of a step again */
  retry(step: string, coerceTypes?: boolean): Promise<number>;
  verify(step: string): Promise<Verification>;
  undoAll(over?: { readonly changedToo: boolean }): Promise<void>;
  contents(): Promise<RunContents>;
  /** read = migrated + merged + rejected, and as many as the quarantine has */
  counts(step: string): ReturnType<typeof stepCounts>;
  connect(): Promise<Client>;
  step(name: string): Promise<Step>;
  database: SourceDatabase;
  close(): Promise<void>;
}

/** @param chunkRows rows of a chunk; ranges have three times as many */
export async function openRun(
  legacyUrl: string,
  { chunkRows = 30, prepare }: { chunkRows?: number; prepare?: (target: Client) => Promise<void> } = {},
): Promise<CaughtUpRun> {
  const home = await createDatabase('caught_up');
  const target = await connect({ connectionString: home.url });
  const { url } = parseDatabaseUrl(legacyUrl);
  if (!url) throw new Error('this is no address of a database');
  const database = await openSource(url, { connectionTimeoutMs: 10_000 });
  const limit = { rows: chunkRows, bytes: 1 << 20 };
  const references = new SharedReferences();
  const connectTarget = () => connect({ connectionString: home.url });
  let number = 0;
  await migrateStore(target);
  const input = parseRunInput({});
  if ('problems' in input) throw new Error('the input has changed');
  await enterRun(target, ref, ref.run, input.settings, nxtPlan.entities);
  await prepareTargetSchema(target, nxtPlan);
  await prepare?.(target);

  const open = async (name: string): Promise<Step> => {
    const entity = nxtPlan.entities.find(({ step }) => step === name);
    if (!entity) throw new Error(`the plan has no step ${name}`);
    const settings = {
      runStartMicros: BigInt(Date.parse(ref.startedAt) - Date.UTC(2000, 0, 1)) * 1000n,
      runStartIso: ref.startedAt,
      sourceTimeZone: 'UTC',
      defaultCountry: 'US',
      ignoredTaxIds: ['N/A', 'NA', 'NONE', '-'],
    };
    return openStep({ ref, plan: nxtPlan, entity, settings }, database, target);
  };
  const complete = (step: Step) => completeStep(step, target, { progress: () => undefined, pause: never });
  const steps = nxtPlan.entities.map(({ step }) => step);

  const run: CaughtUpRun = {
    target,
    targetUrl: home.url,
    database,
    step: open,
    connect: connectTarget,
    move: async () => {
      for (const name of steps) {
        const step = await open(name);
        await surveyStep(step, database, target, {
          rangeRows: chunkRows * 3,
          signal: never,
          progress: () => undefined,
        });
        await moveStep(step, {
          database,
          connect: connectTarget,
          limit,
          references,
          pause: never,
          signal: never,
          onCommit: () => undefined,
        });
        await complete(step);
      }
    },
    attempt: async (name, over) =>
      catchUpStep(await open(name), {
        database,
        connect: connectTarget,
        reopens: nxtPlan.entities.slice(steps.indexOf(name)),
        limit,
        pause: never,
        signal: never,
        progress: () => undefined,
        ...over,
      }),
    catchUp: async (over = {}) => {
      const mine = over.number ?? ++number;
      const answers = new Map<string, CaughtUp>();
      for (const name of steps) {
        const step = await open(name);
        const answer = await run.attempt(name, { number: mine, ...over });
        answers.set(name, answer);
        if (!answer.done) return answers;
        if (!answer.completed) await complete(step);
      }
      return answers;
    },
    retry: async (name, coerceTypes = false) => {
      const step = await open(name);
      const { moved } = await retryRejects(step, {
        database,
        connect: connectTarget,
        coerceTypes,
        pause: never,
        signal: never,
        onCommit: async () => undefined,
        pageRows: 3,
      });
      await complete(step);
      return moved;
    },
    verify: async (name) => {
      const step = await open(name);
      await openVerification(target, step, false);
      return verifyStep(step, database, connectTarget, {
        references,
        signal: never,
        progress: () => undefined,
      });
    },
    undoAll: async ({ changedToo } = { changedToo: false }) => {
      for (const name of steps.toReversed())
        await undoStep(target, ref, (await open(name)).entity, {
          changedToo,
          pause: never,
          signal: never,
          progress: () => undefined,
        });
    },
    contents: async () => {
      const query = async <Row extends object>(_database: string, sql: string, values?: unknown[]) =>
        (await target.query(sql, values)).rows as Row[];
      return contentsOf({ query }, ref);
    },
    counts: (name) => stepCounts(target, ref.run, name),
    close: async () => {
      await Promise.all([target.end(), database.close()]);
      await home.drop();
    },
  };
  return run;
}
