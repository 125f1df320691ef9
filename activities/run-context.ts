import type { Client, ClientConfig } from 'pg';
import type { Config } from '../src/config/config.js';
import { poolConfigOf } from '../src/config/pool-config.js';
import type { DatabaseUrl } from '../src/config/database-url.js';
import { MigrationError } from '../src/contract/errors.js';
import type { RunRef } from '../src/contract/outline.js';
import { connect } from '../src/engine/postgres/connect.js';
import { openPostgresSource } from '../src/engine/postgres/source.js';
import type { SourceDatabase } from '../src/engine/source/types.js';
import { openStep, type Step } from '../src/engine/step.js';
import type { TransformSettings } from '../src/engine/transform/types.js';
import { parseTimestamp } from '../src/engine/values/timestamp.js';
import type { Entity, Plan } from '../src/plan/model.js';
import { findPlan } from '../src/plan/registry.js';
import { databaseError } from '../src/store/postgres-errors.js';
import { connectionName, currentAttempt, endEarlierAttempts } from './attempt.js';
import { runActivity, type Attempt } from './run-activity.js';
import type { StepRef } from './types.js';

/** What all activities share: the databases by configuration, and the plan of a run. */
export class RunContext {
  readonly config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  /** One attempt of an activity, as often as the configuration allows. */
  attempt<T>(act: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { limits, monitoring } = this.config;
    const logEveryMs = monitoring.realTime ? monitoring.progressIntervalMs : undefined;
    return runActivity({ maxRetries: limits.maxRetries, logEveryMs }, act);
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

  /** A connection of the running attempt; what earlier ones of the same activity have left open is ended. */
  async connectTarget(): Promise<Client> {
    const attempt = currentAttempt();
    const config = { ...this.clientConfig(this.config.target), application_name: connectionName(attempt) };
    try {
      // Two chunks that wait for each other's keys, one of them here and not in the server, would wait for ever.
      const client = await connect(config, { lockTimeoutMs: this.config.limits.timeoutMs });
      try {
        await endEarlierAttempts(client, attempt);
        return client;
      } catch (error) {
        await client.end().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      throw databaseError(error, 'target');
    }
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
    const source = await openPostgresSource(this.clientConfig(this.config.source));
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
        return use(step, source, client);
      }),
    );
  }

  settings(ref: RunRef): TransformSettings {
    const start = parseTimestamp(ref.startedAt);
    if (start?.kind !== 'moment') throw new Error(`the run's start is no time: ${ref.startedAt}`);
    return { runStartMicros: start.micros, runStartIso: ref.startedAt, ...this.config.reading };
  }
}
