import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../src/contract/status.js';
import { definePlan } from '../../../src/plan/builder.js';
import type { Plan } from '../../../src/plan/model.js';
import { registerPlan } from '../../../src/plan/registry.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';
import { startEngine, type Engine, type EngineName, type Legacy } from './engines.js';
import type { MovedInputs, Part } from './part.js';

/** Local times of the legacy database are those of this zone, and of no other that any process here is in. */
export const sourceTimeZone = 'Europe/Berlin';

/**
 * Moves the tables of all parts in one run, and proves each part; `further` registers tests that need the engine for
 * runs of their own. The worker is in New York, and the legacy server and its sessions are somewhere else again.
 */
export function proveInputs(
  name: EngineName,
  parts: readonly Part[],
  options: {
    /** of the legacy database, where the engine has such a setting */
    readonly encoding?: string;
    readonly further?: (engine: () => Engine) => void;
  } = {},
): void {
  const { encoding, further } = options;
  const label = encoding === undefined ? name : `${name}-${encoding.toLowerCase().replace('_', '-')}`;
  describe(`odd inputs from ${label}`, () => {
    const zone = process.env['TZ'];
    let folder: string;
    let engine: Engine;
    let legacy: Legacy;
    let environment: RunEnvironment;
    let target: Client;
    let status: RunStatus;

    beforeAll(async () => {
      process.env['TZ'] = 'America/New_York';
      folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-inputs-'));
      engine = await startEngine(name);
      legacy = await engine.createLegacy(encoding === undefined ? undefined : { encoding });
      for (const part of parts) await part.seed(legacy, (from, to) => engine.copyRows(legacy, from, to));
      const plan = await planOf(label, parts, folder);
      registerPlan(plan);
      environment = await createRunEnvironment({
        SOURCE_DATABASE_URL: legacy.url,
        MIGRATION_SOURCE_TIME_ZONE: sourceTimeZone,
      });
      target = new Client({ connectionString: environment.target.url, options: '-c TimeZone=UTC' });
      await target.connect();
      status = await environment.withWorker(() => runToItsEnd(environment, plan.name));
    }, 300_000);
    afterAll(async () => {
      await target?.end();
      await environment?.close();
      await legacy?.close();
      await engine?.close();
      await rm(folder, { recursive: true, force: true });
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }, 60_000);

    const run = (): MovedInputs => ({
      engine: name,
      status,
      target: async (sql, values) => (await target.query(sql, values)).rows,
    });

    it('completes, with every row accounted for and none that differs', () => {
      expect(status).toMatchObject({ state: 'completed', phase: 'finalize' });
      for (const step of status.steps) {
        expect(step).toMatchObject({ state: 'completed', differences: 0, read: step.source });
        expect(step.read).toBe(step.migrated + step.merged + step.rejected);
      }
    });

    for (const part of parts) part.prove(run);
    further?.(() => engine);
  });
}

/** Where a table has one row, and that one odd, all of its rows are odd: an operator looks, and lets the run go on. */
async function runToItsEnd(environment: RunEnvironment, plan: string): Promise<RunStatus> {
  const run = await environment.start({
    plan,
    batchSizes: { default: 600 },
    maxErrorRate: 1,
    alertErrorRate: 1,
    minQualityScore: 0,
  });
  const held = await environment.waitFor(run, ({ state }) => state !== 'running');
  if (held.state !== 'waiting') return run.result();
  const reasons = held.waitingFor?.reason.split('; ') ?? [];
  console.error('HELD', new Date().toISOString());
  const others = reasons.filter(
    (reason) => !/^data quality: every row of alone_odd_\d+ looked at/.test(reason),
  );
  if (others.length > 0) throw new Error(`the run is held: ${others.join('; ')}`);
  await run.executeUpdate('skip-validation', { args: [{ reason: 'each is odd on purpose' }] });
  const ended = await environment.waitFor(run, ({ state }) => state !== 'running');
  if (ended.state === 'waiting')
    throw new Error(`the run is held: ${JSON.stringify([ended.waitingFor, ended.lastError])}`);
  console.error(
    'STEPS',
    ended.startedAt,
    JSON.stringify(ended.steps.map((s) => [s.step, s.startedAt?.slice(17), s.endedAt?.slice(17)])),
    new Date().toISOString(),
  );
  return run.result();
}

/** A plan of the parts' entities, whose target tables are made by their SQL. */
export async function planOf(name: string, parts: readonly Part[], folder: string): Promise<Plan> {
  const migrationsFolder = path.join(folder, name);
  await mkdir(path.join(migrationsFolder, 'meta'), { recursive: true });
  const tables = parts.flatMap((part) => part.tables);
  await writeFile(
    path.join(migrationsFolder, '0000_tables.sql'),
    tables.join(';\n--> statement-breakpoint\n'),
  );
  const entry = { idx: 0, version: '7', when: 1_737_244_800_000, tag: '0000_tables', breakpoints: true };
  await writeFile(
    path.join(migrationsFolder, 'meta', '_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries: [entry] }),
  );
  const entities = parts.flatMap((part) => part.entities);
  return definePlan({
    name: `inputs-${name}`,
    title: `Odd inputs from ${name}`,
    entities,
    schema: { tables: entities.map(({ table }) => table), migrationsFolder },
  });
}
