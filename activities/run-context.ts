import { Context } from '@temporalio/activity';
import type { Client, ClientConfig } from 'pg';
import type { Config } from '../src/config/config.js';
import { poolConfigOf } from '../src/config/pool-config.js';
import type { DatabaseUrl } from '../src/config/database-url.js';
import { MigrationError } from '../src/contract/errors.js';
import type { RunRef } from '../src/contract/outline.js';
import { BytesInFlight } from '../src/engine/chunk-size.js';
import { MemoryGuard, memoryBudget } from '../src/engine/memory-guard.js';
import { SharedReferences } from '../src/engine/references/shared-references.js';
import { openSource } from '../src/engine/source/open-source.js';
import type { SourceDatabase } from '../src/engine/source/types.js';
import { requireSameShapes } from '../src/engine/source-shape.js';
import { openStep, type Step } from '../src/engine/step.js';
import type { TransformSettings } from '../src/engine/transform/types.js';
import { parseTimestamp } from '../src/engine/values/timestamp.js';
import type { Entity, Plan } from '../src/plan/model.js';
import { findPlan } from '../src/plan/registry.js';
import type { ConnectionReport, TargetReport } from '../src/prepare/connection-report.js';
import { PressureWatch } from '../src/pressure/pressure-watch.js';
import { lookAtPostgres } from '../src/prepare/postgres.js';
import { lookAtSource } from '../src/prepare/source.js';
import { databaseError } from '../src/store/postgres-errors.js';
import { attemptName } from './attempt.js';
import { TargetConnections } from './hard-stop.js';
import { runActivity, type Attempt } from './run-activity.js';
import type { StepRef } from './types.js';

/** What all activities share: the databases by configuration, and the plan of a run. */
export class RunContext {
  readonly config: Config;
  /** of all moves of this worker */
  readonly references = new SharedReferences();
  readonly flight: BytesInFlight;
  readonly pressure: PressureWatch;
  readonly #connectionsOf = new WeakMap<Context, TargetConnections>();

  constructor(config: Config) {
    this.config = config;
    this.pressure = new PressureWatch(config);
    this.flight = new BytesInFlight(config.limits.parallel * config.limits.chunkBytes);
  }

  /** One attempt of an activity, as often as the configuration allows. `ref`: what it is about, a run or a step of it. */
  attempt<T>(ref: RunRef & { readonly step?: string }, act: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { limits, monitoring } = this.config;
    const logEveryMs = monitoring.realTime ? monitoring.progressIntervalMs : undefined;
    const connections = this.#connections();
    const { log } = Context.current();
    const endConnections = () =>
      connections.endAll((reason) =>
        log.warn('The target could not be asked to end the connections of this attempt; they are cut here.', {
          reason,
        }),
      );
    const step = ref.step ?? null;
    return runActivity({ maxRetries: limits.maxRetries, logEveryMs, step, endConnections }, act);
  }

  plan(name: string): Plan {
    try {
      return findPlan(name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new MigrationError('ERR_002', message, { next: 'Correct `plan` in the input.' });
    }
  }

  entity(ref: StepRef): Entity {
    const entity = this.plan(ref.plan).entities.find((candidate) => candidate.step === ref.step);
    if (!entity)
      throw new MigrationError('ERR_002', `The plan ${ref.plan} has no step ${ref.step}.`, {
        next: 'Correct the step.',
      });
    return entity;
  }

  /** Connection settings of a database. Streams and index builds last as long as they must, so no statement limit. */
  clientConfig(url: DatabaseUrl): ClientConfig {
    return poolConfigOf(url, this.config, { statementTimeoutMs: 0 });
  }

  /** Connection settings of the target under the name of the running attempt, for what opens its connections itself. */
  targetConfig(): ClientConfig {
    return this.#connections().config;
  }

  /** Connects to all databases of the configuration once, and looks: source, target, and backup where there is one. */
  lookAtAll(): Promise<[ConnectionReport, TargetReport, TargetReport | undefined]> {
    const { backup } = this.config;
    return Promise.all([
      lookAtSource(this.config),
      lookAtPostgres('target', this.targetConfig()),
      backup ? lookAtPostgres('backup', this.clientConfig(backup)) : undefined,
    ]);
  }

  /**
   * A connection of the running attempt; what earlier ones of the same act have left open is ended. `lockTimeoutMs`:
   * longest wait of a statement for a lock, where it is not as configured.
   */
  async connectTarget(lockTimeoutMs: number = this.config.limits.timeoutMs): Promise<Client> {
    try {
      return await this.#connections().connect(lockTimeoutMs);
    } catch (error) {
      throw databaseError(error, 'target');
    }
  }

  /** Lets `look` see the target after the attempt was stopped and its connections were ended. */
  async afterStop<T>(look: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#connections().connectAfresh();
    try {
      return await look(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  #connections(): TargetConnections {
    const context = Context.current();
    const known = this.#connectionsOf.get(context);
    if (known) return known;
    const made = new TargetConnections(this.clientConfig(this.config.target), attemptName(context.info));
    this.#connectionsOf.set(context, made);
    return made;
  }

  async withTarget<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.connectTarget();
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async withSource<T>(use: (source: SourceDatabase) => Promise<T>): Promise<T> {
    const source = await openSource(this.config.source, this.config.database);
    try {
      return await use(source);
    } finally {
      await source.close().catch(() => undefined);
    }
  }

  async withStep<T>(
    ref: StepRef,
    use: (step: Step, source: SourceDatabase, client: Client) => Promise<T>,
  ): Promise<T> {
    return this.withSource((source) =>
      this.withTarget(async (client) => {
        const plan = this.plan(ref.plan);
        const step = await openStep(
          { ref, plan, entity: this.entity(ref), settings: this.settings(ref) },
          source,
          client,
        );
        await requireSameShapes(step, client);
        return use(step, source, client);
      }),
    );
  }

  /**
   * Keeps the chunks of the running attempt so small that the worker's memory lasts. `batchSize`: rows of a chunk at the
   * most, null as configured. An attempt before this one may have died of memory without a word, so each begins with
   * chunks of half the size.
   */
  memoryGuard(batchSize: number | null): MemoryGuard {
    const { batchSize: rows, chunkBytes: bytes, memoryBytes: limitBytes, parallel } = this.config.limits;
    const { info, log } = Context.current();
    return new MemoryGuard({
      limit: { rows: batchSize ?? rows, bytes },
      budget: memoryBudget({ limitBytes, chunkBytes: bytes, parallel }),
      halvings: info.attempt - 1,
      warn: (note) => log.warn(note),
    });
  }

  settings(ref: RunRef): TransformSettings {
    const start = parseTimestamp(ref.startedAt);
    if (start?.kind !== 'moment') throw new Error(`the run's start is no time: ${ref.startedAt}`);
    return { runStartMicros: start.micros, runStartIso: ref.startedAt, ...this.config.reading };
  }
}
