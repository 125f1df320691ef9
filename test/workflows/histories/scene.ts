import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { RunInput } from '../../../src/contract/input.js';
import type { RunState, RunStatus } from '../../../src/contract/status.js';
import { seedLegacy } from '../../../src/demo/seed-legacy.js';
import { nxtPlan } from '../../../src/plan/nxt/plan.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';

export type RunHandle = Awaited<ReturnType<RunEnvironment['start']>>;

/** A control path of the workflow, played on real servers; every run that it starts is recorded. */
export interface Scenario {
  /** rows of the legacy database; 300 unless told */
  readonly rows?: number;
  /** dynamic configuration of a Temporal server of its own, the values as JSON text */
  readonly dynamicConfig?: Readonly<Record<string, string>>;
  play(scene: Scene): Promise<void>;
}

/** Few bad rows are many in a small table: gates and limits that they would fail are open, unless told. */
const lenient = {
  maxErrorRate: 1,
  minQualityScore: 0,
  backup: false,
  parallel: 1,
} as const satisfies RunInput;

/** What a scenario plays with. */
export class Scene {
  readonly environment: RunEnvironment;
  readonly runs: RunHandle[] = [];

  constructor(environment: RunEnvironment) {
    this.environment = environment;
  }

  async start(input: RunInput | Record<string, unknown> = {}): Promise<RunHandle> {
    const run = await this.environment.start({ ...lenient, ...input });
    this.runs.push(run);
    return run;
  }

  until(run: RunHandle, state: RunState): Promise<RunStatus> {
    return this.environment.waitFor(run, (status) => status.state === state);
  }

  /** Sends an update, and waits until the run stands still. */
  async told(run: RunHandle, update: string, args: object = {}): Promise<RunStatus> {
    await run.executeUpdate(update, { args: [args] });
    return this.environment.waitFor(
      run,
      ({ state }) => !['running', 'rolling-back', 'paused', 'stopped'].includes(state),
    );
  }

  async target(sql: string): Promise<void> {
    await this.environment.query('target', sql);
  }

  /** The plan's tables, before a run makes them: for triggers, and rows of others. */
  async makeTargetTables(): Promise<void> {
    await this.target(await readFile(path.join(nxtPlan.schema.migrationsFolder, '0000_nxt.sql'), 'utf8'));
  }

  /** From now on every row that is written into the table sleeps, until `wake`. */
  async sleepIn(table: string): Promise<void> {
    await this.target(`create table public.sleepers (name text primary key);
      insert into public.sleepers values ('${table}');
      create function sleep() returns trigger language plpgsql as $$ begin
        if exists (select from public.sleepers) then perform pg_sleep(60); end if;
        return new; end $$;
      create trigger sleeper before insert on ${table} for each row execute function sleep()`);
  }

  /** Waits until something sleeps. */
  async asleep(): Promise<void> {
    const sleeping = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    while ((await this.environment.query('target', sleeping)).length === 0) await sleep(50);
  }

  wake(): Promise<void> {
    return this.target('delete from public.sleepers');
  }
}

/** Plays it with a worker in this process. */
export async function play<T>(
  scenario: Scenario,
  temporalAddress: string,
  afterwards: (scene: Scene) => Promise<T>,
): Promise<T> {
  const environment = await createRunEnvironment({}, { temporalAddress });
  try {
    await seedLegacy({ url: environment.source.url, rows: scenario.rows ?? 300 });
    const scene = new Scene(environment);
    await environment.withWorker(() => scenario.play(scene));
    return await afterwards(scene);
  } finally {
    await environment.close();
  }
}

/** The code with which the run failed; throws when it did not. */
export async function failureOf(run: RunHandle): Promise<string> {
  try {
    await run.result();
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause)
      return 'type' in error.cause ? String(error.cause.type) : error.cause.name;
    throw error;
  }
  throw new Error('the run was to fail, and did not');
}

/** Throws when what a scenario comes to is not what it was written for. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the scenario went another way: ${what}`);
}

/** Sends an update that must not be taken. */
export async function refused(run: RunHandle, update: string, args: object): Promise<void> {
  const taken = await run.executeUpdate(update, { args: [args] }).then(
    () => true,
    () => false,
  );
  must(!taken, `${update} was taken`);
}
