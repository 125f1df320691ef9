/**
 * `npm run trace -- --table=<table> --id=<id>`: where a row came from or went, with what was changed in each column and
 * why. It only looks, on both sides.
 */
import { InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import type { Config } from '../config/config.js';
import { readEnvFile } from '../config/env-file.js';
import { loadConfig } from '../config/load-config.js';
import { poolConfigOf } from '../config/pool-config.js';
import { MigrationError } from '../contract/errors.js';
import { connect } from '../engine/postgres/connect.js';
import { openSource } from '../engine/source/open-source.js';
import type { SourceDatabase } from '../engine/source/types.js';
import { UnknownNameError } from '../engine/trace/scope.js';
import { recordedRuns, traceRow, unknownRun, UnknownRunError } from '../engine/trace/trace-row.js';
import type { Trace, TraceQuery } from '../engine/trace/types.js';
import { findPlan, loadPlans, planNames, UnknownPlanError } from '../plan/registry.js';
import { databaseError } from '../store/postgres-errors.js';
import { parseArguments, type CommandSpec } from './arguments.js';
import { colorsOf } from './display.js';
import { exitCodeOf, exitCodes, explain, type ExitCode } from './exit-code.js';
import { traceDocument, traceErrorDocument } from './trace-document.js';
import { tracePage } from './trace-page.js';

const spec = {
  script: 'trace',
  description:
    'Says where a row came from or went: how, when and with which other rows, and what became of each value and why.',
  options: [
    { flags: '--table <name>', description: 'a legacy table, a target table, or a step' },
    {
      flags: '--id <id>',
      description: 'the id on either side; the parts of a composite one joined by commas',
    },
    { flags: '--run <id>', description: 'the run to ask, instead of the latest that has the row' },
    { flags: '--json', description: 'print one JSON document with all values whole' },
  ],
  examples: [
    'npm run trace -- --table=customers --id=customer-17',
    'npm --silent run trace -- --table=legacy_vendors --id=42 --json',
  ],
} satisfies CommandSpec;

async function main(): Promise<ExitCode> {
  const given = parseArguments(spec, process.argv.slice(2), process.env);
  const json = given['json'] === true;
  try {
    const trace = await answer(queryOf(given));
    if (json) printDocument(traceDocument(trace));
    else for (const line of tracePage(trace, colorsOf(process.stdout))) process.stdout.write(`${line}\n`);
    return trace.rows.length > 0 ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (json) printDocument(traceErrorDocument(error));
    process.stderr.write(`${explain(error)}\n`);
    return isWrongCall(error) ? exitCodes.wrongCall : exitCodeOf(error);
  }
}

function queryOf({ table, id, run }: Record<string, unknown>): TraceQuery {
  if (typeof table !== 'string' || typeof id !== 'string')
    throw new InvalidArgumentError(
      `${typeof table === 'string' ? '--id' : '--table'} is missing: say which row is meant, like --table=customers --id=customer-17.`,
    );
  return { table, id, ...(typeof run === 'string' ? { run } : {}) };
}

async function answer(query: TraceQuery): Promise<Trace> {
  const config = loadConfig(readEnvFile('.env', process.env));
  await loadPlans(config.plans);
  const client = await connectTarget(config);
  try {
    const source = await openSource(config.source, config.database).catch((error: unknown) => {
      if (error instanceof MigrationError) return error;
      throw error;
    });
    try {
      return await askPlans(client, source, config, query);
    } finally {
      if (!(source instanceof MigrationError)) await source.close().catch(() => undefined);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connectTarget(config: Config): Promise<Client> {
  try {
    return await connect(poolConfigOf(config.target, config), { readOnly: true });
  } catch (error) {
    throw databaseError(error, 'target');
  }
}

/** The plans of the runs, the latest first, until one of them knows the row. */
async function askPlans(
  client: Client,
  source: SourceDatabase | MigrationError,
  config: Config,
  query: TraceQuery,
): Promise<Trace> {
  const runs = await recordedRuns(client);
  const named = runs.filter(({ run }) => query.run === undefined || run === query.run);
  if (query.run !== undefined && named.length === 0) throw unknownRun(query.run, runs);
  const plans = named.length > 0 ? [...new Set(named.map(({ plan }) => plan))] : planNames();
  let nobody: Trace | undefined;
  let unknownName: UnknownNameError | undefined;
  for (const plan of plans)
    try {
      const parts = { client, source, plan: findPlan(plan), reading: config.reading };
      const trace = await traceRow(parts, query);
      if (trace.rows.length > 0) return trace;
      nobody ??= trace;
    } catch (error) {
      if (!(error instanceof UnknownNameError)) throw error;
      unknownName ??= error;
    }
  if (nobody) return nobody;
  throw unknownName ?? new Error('no plan is known');
}

function isWrongCall(error: unknown): boolean {
  return (
    error instanceof UnknownNameError || error instanceof UnknownRunError || error instanceof UnknownPlanError
  );
}

function printDocument(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

process.exitCode = await main().catch((error: unknown) => exitCodeOf(error));
