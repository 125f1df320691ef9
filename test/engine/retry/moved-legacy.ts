import type { Client } from 'pg';
import { parseRunInput } from '../../../src/contract/input.js';
import { setOwnLinks } from '../../../src/engine/complete/own-links.js';
import { moveStep } from '../../../src/engine/move-step.js';
import { connect } from '../../../src/engine/postgres/connect.js';
import { openPostgresSource } from '../../../src/engine/postgres/source.js';
import { retryRejects, type Retried, type Retry } from '../../../src/engine/retry/retry-rejects.js';
import { loadReferences, openStep, type Step } from '../../../src/engine/step.js';
import { surveyStep } from '../../../src/engine/survey/survey-step.js';
import { rebuildObjects } from '../../../src/engine/target/deferred-objects.js';
import { undoStep } from '../../../src/engine/undo/undo-step.js';
import { openVerification, verifyStep, type Verification } from '../../../src/engine/verify/verify-step.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { prepareTargetSchema } from '../../../src/prepare/target-schema.js';
import { migrateStore } from '../../../src/store/migrate-store.js';
import { enterRun, stepCounts } from '../../../src/store/runs.js';
import { withDatabase } from '../../helpers/databases.js';
import { SharedReferences } from '../../../src/engine/references/shared-references.js';

export const ref = { run: 'retry', plan: 'nxt', startedAt: '2025-01-19T10:00:00.000Z' };

/** Two databases, and what a run does with a step of the built-in plan between them. */
export interface MovedLegacy {
  readonly legacy: Client;
  readonly target: Client;
  /** surveys, moves and completes */
  move(step: string): Promise<void>;
  complete(step: string): Promise<void>;
  /** `options`: what differs from a retry that nobody disturbs */
  retry(step: string, options?: Partial<Retry>): Promise<Retried>;
  /** takes back the last so many chunks, or all */
  undo(step: string, chunks?: number): Promise<{ done: boolean }>;
  verify(step: string, options?: { again: boolean }): Promise<Verification>;
  counts(step: string): ReturnType<typeof stepCounts>;
  /** the one value of the one row of the target */
  value(sql: string): Promise<unknown>;
  /** another connection to the target */
  connect(): Promise<Client>;
}

/** Makes the legacy tables with this SQL, and an empty target. */
export function withLegacy(tables: string, work: (moved: MovedLegacy) => Promise<void>): Promise<void> {
  return withDatabase((legacyUrl) =>
    withDatabase(async (targetUrl) => {
      const connectTarget = () => connect({ connectionString: targetUrl });
      const legacy = await connect({ connectionString: legacyUrl });
      const target = await connectTarget();
      const database = await openPostgresSource({ connectionString: legacyUrl });
      const { signal } = new AbortController();
      try {
        await legacy.query(tables);
        await migrateStore(target);
        const input = parseRunInput({});
        if ('problems' in input) throw new Error('the input has changed');
        await enterRun(target, ref, ref.run, input.settings, nxtPlan.entities);
        await prepareTargetSchema(target, nxtPlan);

        const open = async (name: string): Promise<Step> => {
          const entity = nxtPlan.entities.find(({ step }) => step === name);
          if (!entity) throw new Error(`the plan has no step ${name}`);
          const settings = {
            runStartMicros: 0n,
            runStartIso: ref.startedAt,
            sourceTimeZone: 'UTC',
            defaultCountry: 'US',
            ignoredTaxIds: [],
          };
          // A connection of its own: steps are opened side by side.
          const client = await connectTarget();
          try {
            return await openStep({ ref, plan: nxtPlan, entity, settings }, database, client);
          } finally {
            await client.end();
          }
        };

        const complete = async (name: string): Promise<void> => {
          const step = await open(name);
          const own = (await loadReferences(step, target, { own: true })).get(name);
          if (own) await setOwnLinks(target, ref.run, step.entity, step.target, own, () => undefined);
          await rebuildObjects(target, ref.run, step.entity.table, () => undefined);
        };

        await work({
          legacy,
          target,
          complete,
          connect: connectTarget,
          move: async (name) => {
            const step = await open(name);
            await surveyStep(step, database, target, {
              rangeRows: 250_000,
              signal,
              progress: () => undefined,
            });
            await moveStep(step, {
              database,
              connect: connectTarget,
              references: new SharedReferences(),
              limit: { rows: 4, bytes: 1 << 20 },
              pause: signal,
              signal,
              onCommit: () => undefined,
            });
            await complete(name);
          },
          retry: async (name, options) =>
            retryRejects(await open(name), {
              database,
              connect: connectTarget,
              coerceTypes: false,
              pause: signal,
              signal,
              onCommit: async () => undefined,
              pageRows: 2,
              ...options,
            }),
          undo: async (name, chunks = Infinity) => {
            const pause = new AbortController();
            let left = chunks;
            return undoStep(target, ref, (await open(name)).entity, {
              changedToo: false,
              pause: pause.signal,
              signal,
              progress: () => {
                if (--left === 0) pause.abort();
              },
            });
          },
          verify: async (name, { again } = { again: false }) => {
            const step = await open(name);
            await openVerification(target, step, again);
            return verifyStep(step, database, connectTarget, {
              references: new SharedReferences(),
              signal,
              progress: () => undefined,
            });
          },
          counts: (name) => stepCounts(target, ref.run, name),
          value: async (sql) => {
            const { rows } = await target.query<unknown[]>({ text: sql, rowMode: 'array' });
            if (rows.length !== 1) throw new Error(`${rows.length} rows: ${sql}`);
            return rows[0]?.[0];
          },
        });
      } finally {
        await Promise.all([legacy.end(), target.end(), database.close()]);
      }
    }),
  );
}
