/**
 * `npm run catch-up`: moves what has changed in the legacy source since the open run has read it, and says what it was.
 * As often as wanted: the last time before the switch takes as long as reading the source once.
 */
import { askRun } from '../client/ask-run.js';
import { askForCatchUp } from '../client/catch-up.js';
import { connectTemporal } from '../client/connect-temporal.js';
import { findOpenRun } from '../client/open-run.js';
import type { RunHandle } from '../client/runs.js';
import { readEnvFile } from '../config/env-file.js';
import { loadConfig } from '../config/load-config.js';
import type { OperatorAction, RunStatus } from '../contract/status.js';
import { parseArguments, type CommandSpec } from './arguments.js';
import { exitCodeOf, exitCodes, explain, type ExitCode } from './exit-code.js';
import { listenForInterruption, pause } from './interruption.js';

const spec = {
  script: 'catch-up',
  description:
    'Moves what has changed in the legacy source since the open run has read it: rows that came, changed and went.',
  options: [
    { flags: '--run <id>', description: 'the run, where several are open' },
    { flags: '--tables <names>', description: 'only these tables or steps, joined by commas' },
    { flags: '--reason <text>', description: 'why, for the record' },
    { flags: '--json', description: 'print one JSON document' },
  ],
  examples: [
    'npm run catch-up',
    'npm run catch-up -- --tables=products,inventory --reason="before the switch"',
  ],
} satisfies CommandSpec;

const lookEveryMs = 500;

async function main(): Promise<ExitCode> {
  const given = parseArguments(spec, process.argv.slice(2), process.env);
  const json = given['json'] === true;
  // Whoever stops watching leaves the run to its work.
  const interruption = listenForInterruption();
  try {
    const config = loadConfig(readEnvFile('.env', process.env));
    const temporal = await connectTemporal(config.temporal);
    try {
      const run = await findOpenRun(temporal, textOf(given['run']));
      const before = lastCatchUp((await askRun(run)).status)?.at;
      const reason = textOf(given['reason']);
      const accepted = await askForCatchUp(temporal, run, {
        tables: (textOf(given['tables']) ?? '').split(',').flatMap((name) => name.trim() || []),
        by: process.env['USER'] ?? 'operator',
        ...(reason === undefined ? {} : { reason }),
      });
      if (!json) process.stdout.write(`${run.workflowId}: ${accepted}\n`);
      const end = await follow(run, before, interruption.signal);
      if (json) printDocument({ run: run.workflowId, accepted, ...end });
      else process.stdout.write(`${end.caughtUp === null ? '❌' : '✅'} ${end.caughtUp ?? end.reason}\n`);
      return end.caughtUp === null ? exitCodes.failed : exitCodes.ok;
    } finally {
      await temporal.close();
    }
  } catch (error) {
    if (json) printDocument({ error: explain(error) });
    process.stderr.write(`${explain(error)}\n`);
    return exitCodeOf(error);
  } finally {
    interruption.dispose();
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

interface CatchUpEnd {
  /** what has changed, by table; null when it did not come to its end */
  readonly caughtUp: string | null;
  readonly state: RunStatus['state'] | null;
  /** why not */
  readonly reason: string | null;
}

/** Until the run notes that it has caught up, or stands still without it. */
async function follow(run: RunHandle, before: string | undefined, signal: AbortSignal): Promise<CatchUpEnd> {
  for (;;) {
    const { status } = await askRun(run);
    const end = status && endOf(status, before);
    if (end) return end;
    if (signal.aborted)
      return { caughtUp: null, state: null, reason: 'still at work; the run goes on without this command' };
    await pause(lookEveryMs, signal).catch(() => undefined);
  }
}

function endOf(status: RunStatus, before: string | undefined): CatchUpEnd | undefined {
  const { state, waitingFor, lastError } = status;
  const done = lastCatchUp(status);
  if (done && done.at !== before) return { caughtUp: done.reason ?? '', state, reason: null };
  if (state === 'running') return undefined;
  return { caughtUp: null, state, reason: waitingFor?.reason ?? lastError?.message ?? `the run is ${state}` };
}

function lastCatchUp(status: RunStatus | null): OperatorAction | undefined {
  return status?.actions.findLast(({ what }) => what === 'caught up');
}

function printDocument(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

process.exitCode = await main().catch((error: unknown) => exitCodeOf(error));
