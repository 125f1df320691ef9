/**
 * `npm start`: first contact. Real servers of its own in a temporary folder, a legacy database with believable data,
 * one whole run with everything to see, and its validation report.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Pool } from 'pg';
import { startRun, type RunHandle } from '../client/runs.js';
import { count } from '../report/format.js';
import { readRejectReasons, type RejectReason } from '../report/reject-reasons.js';
import { rejectTable } from '../report/reject-table.js';
import { validationReport } from '../report/validation-report.js';
import { oneOf, parseArguments, type CommandSpec, wholeNumberBetween } from './arguments.js';
import { createDisplay, type Display } from './display.js';
import { type EmbeddedStack, withEmbeddedStack } from './embedded-stack.js';
import { errorDocument } from './error-document.js';
import { exitCodeOf, exitCodes, explain, type ExitCode } from './exit-code.js';
import { type FollowEnd, followRun } from './follow-run.js';
import { temporalWords } from './help-lines.js';
import { Interrupted, listenForInterruption, untilAborted } from './interruption.js';
import { isHeld } from './run-snapshot.js';
import { type RunAddresses, type RunDocument, outcomeOf, runDocument } from './run-document.js';
import { sourceKindOf, sourceKinds, type SourceKind } from './legacy-server.js';
import { lastLines } from './supervised-worker.js';

const spec = {
  script: 'start',
  description:
    'Starts real servers of its own, makes a legacy database with believable data, moves it, proves every row, and shows the report.',
  options: [
    {
      flags: '--rows <n>',
      description: 'rows of the legacy database',
      default: 100_000,
      parse: wholeNumberBetween(8, 100_000_000),
    },
    {
      flags: '--source <server>',
      description: `the server that the legacy database is on: ${sourceKinds.join(', ')}`,
      default: 'postgres',
      parse: oneOf(sourceKinds),
    },
    { flags: '--once', description: 'end by itself after the report; so it does where there is no terminal' },
    { flags: '--json', description: 'print one JSON document at the end, progress to standard error' },
  ],
  examples: [
    'npm start',
    'npm start -- --rows=1000000 --once',
    'npm start -- --source=mysql',
    'npm --silent start -- --once --json > run.json',
  ],
} satisfies CommandSpec;

interface StartOptions {
  readonly rows: number;
  readonly source: SourceKind;
  readonly once: boolean;
  readonly json: boolean;
}

async function main(): Promise<ExitCode> {
  const given = parseArguments(spec, process.argv.slice(2), process.env);
  const options: StartOptions = {
    rows: Number(given['rows']),
    source: sourceKindOf(given['source']),
    once: given['once'] === true || !process.stdout.isTTY,
    json: given['json'] === true,
  };
  let address = '';
  const display = createDisplay(options.json ? process.stderr : process.stdout, (run, name) =>
    temporalWords(address)(run, name),
  );
  const interruption = listenForInterruption(() => display.log('Ending everything...'));
  // The real path: PostgreSQL's account and ours must mean the same folder.
  const dataDir = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-start-'));
  try {
    return await withEmbeddedStack(
      {
        dataDir,
        source: options.source,
        seedRows: options.rows,
        log: (line) => display.log(line),
        signal: interruption.signal,
      },
      async (stack) => {
        address = stack.temporal.address;
        return runAndReport(stack, options, display, interruption.signal);
      },
    );
  } catch (error) {
    display.end();
    if (options.json) printDocument(errorDocument(error));
    if (!(error instanceof Interrupted)) display.log(explain(error));
    return error instanceof Interrupted ? exitCodes.failed : exitCodeOf(error);
  } finally {
    display.end();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    interruption.dispose();
  }
}

/** The run from its start to its report; then everything stays up to be looked at, if somebody is there to look. */
async function runAndReport(
  stack: EmbeddedStack,
  options: StartOptions,
  display: Display,
  signal: AbortSignal,
): Promise<ExitCode> {
  const target = new Pool({ connectionString: stack.urls.target, max: 2 });
  // The loss of an idle connection is told by an event; what matters is whether the next query succeeds.
  target.on('error', () => undefined);
  try {
    const begun = Date.now();
    const name = `Demo_Migration_${new Date().toISOString().slice(0, 10)}`;
    const handle = await startRun(stack.temporal, { input: { name } });
    const addresses = addressesOf(stack, handle);
    display.log(`Run ${handle.workflowId} in the Temporal UI: ${addresses.run}`);
    const end = await Promise.race([
      followRun({
        handle,
        address: addresses.temporal,
        db: target,
        signal,
        unattended: options.once,
        ...(options.once ? { until: isHeld } : {}),
        show: (snapshot) => display.show(snapshot),
      }),
      stack.worker.gaveUp.then((reason) => Promise.reject(reason)),
    ]);
    const seconds = (Date.now() - begun) / 1000;
    display.end();
    const reasons = await readRejectReasons(target, handle.workflowId);
    for (const line of await closingLines(end, reasons, seconds, stack, addresses)) display.log(line);
    if (options.json) printDocument(runDocument(end, seconds, addresses));
    if (!options.once) {
      display.log('Everything stays up to be looked at. Ctrl-C ends it.');
      await untilAborted(signal);
    }
    return outcomeOf(end) === 'completed' ? exitCodes.ok : exitCodes.failed;
  } finally {
    await target.end();
  }
}

function addressesOf(stack: EmbeddedStack, handle: RunHandle): RunAddresses {
  const { address, client } = stack.temporal;
  const run = encodeURIComponent(handle.workflowId);
  return {
    temporal: address,
    temporalUi: stack.temporalUi,
    run: `${stack.temporalUi}/namespaces/${client.options.namespace}/workflows/${run}`,
  };
}

async function closingLines(
  end: FollowEnd,
  reasons: readonly RejectReason[],
  seconds: number,
  stack: EmbeddedStack,
  addresses: RunAddresses,
): Promise<string[]> {
  const { status, failure } = end;
  const table = rejectTable(reasons, Math.max(80, process.stdout.columns ?? 120));
  return [
    ...(failure ? ['', `❌ ${failure.code ?? end.how}: ${failure.message}`, failure.next ?? ''] : []),
    ...(status ? ['', ...validationReport(status)] : []),
    ...(table.length > 0 ? ['', 'Rejected rows by reason:', ...table] : []),
    '',
    ...(status ? [`${count(status.rows.read)} rows in ${seconds.toFixed(1)} s`] : []),
    ...(status?.report ? [`📄 JSON report: ${status.report}`] : []),
    `🔗 Temporal UI: ${addresses.run}`,
    // The log goes with the folder, and a run that did not complete needs it.
    ...(outcomeOf(end) === 'completed'
      ? []
      : ['', "The worker's last words:", await lastLines(stack.workerLog)]),
  ];
}

function printDocument(document: RunDocument): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

process.exitCode = await main().catch((error: unknown) => exitCodeOf(error));
