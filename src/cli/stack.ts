/**
 * `npm run stack`: the servers and the worker of `npm start`, kept with their data, for somebody who follows the manual
 * by hand.
 */
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { oneOf, parseArguments, type CommandSpec, wholeNumberBetween } from './arguments.js';
import { createDisplay } from './display.js';
import { type EmbeddedStack, withEmbeddedStack } from './embedded-stack.js';
import { exitCodeOf, exitCodes, explain, type ExitCode } from './exit-code.js';
import { sourceKindOf, sourceKinds, sourceNames, type SourceKind } from './legacy-server.js';
import { Interrupted, listenForInterruption, untilAborted } from './interruption.js';

const spec = {
  script: 'stack',
  description: 'Starts real servers of its own and a worker, and keeps them and their data until Ctrl-C.',
  options: [
    { flags: '--data-dir <folder>', description: 'folder of all data and logs', default: '.stack' },
    {
      flags: '--source <server>',
      description: `the server that the legacy database is on: ${sourceKinds.join(', ')}`,
      default: 'postgres',
      parse: oneOf(sourceKinds),
    },
    {
      flags: '--seed-rows <n>',
      description: 'fill the legacy database with so many believable rows, if it has no tables yet',
      parse: wholeNumberBetween(8, 100_000_000),
    },
    { flags: '--json', description: 'print one line of JSON with the addresses once all is up' },
  ],
  examples: ['npm run stack -- --seed-rows=100000', 'npm --silent run stack -- --data-dir=/tmp/trial --json'],
} satisfies CommandSpec;

async function main(): Promise<ExitCode> {
  const given = parseArguments(spec, process.argv.slice(2), process.env);
  const json = given['json'] === true;
  const dataDir = path.resolve(String(given['dataDir']));
  const source = sourceKindOf(given['source']);
  const display = createDisplay(json ? process.stderr : process.stdout, () => '');
  const interruption = listenForInterruption(() => display.log('Ending everything; the data stays.'));
  const { signal } = interruption;
  try {
    await withEmbeddedStack(
      {
        dataDir,
        source,
        ...(given['seedRows'] === undefined ? {} : { seedRows: Number(given['seedRows']) }),
        log: (line) => display.log(line),
        signal,
      },
      async (stack) => {
        const envFile = await writeEnvFile(path.join(dataDir, 'stack.env'), stack);
        if (json) process.stdout.write(`${JSON.stringify(addressesOf(stack))}\n`);
        else for (const line of addressLines(stack, source, envFile)) display.log(line);
        await Promise.race([
          untilAborted(signal),
          stack.worker.gaveUp.then((reason) => Promise.reject(reason)),
        ]);
      },
    );
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) return exitCodes.failed;
    display.log(explain(error));
    return exitCodeOf(error);
  } finally {
    display.end();
    interruption.dispose();
  }
}

function addressesOf({ temporal, temporalUi, urls }: EmbeddedStack): Record<string, string> {
  return {
    temporalAddress: temporal.address,
    temporalUi,
    sourceUrl: urls.source,
    targetUrl: urls.target,
    backupUrl: urls.backup,
  };
}

/** The configuration of this stack for other commands; it holds the password, so only its owner may read it. */
async function writeEnvFile(file: string, { temporal, urls, reportDir }: EmbeddedStack): Promise<string> {
  const variables = {
    SOURCE_DATABASE_URL: urls.source,
    DATABASE_URL: urls.target,
    BACKUP_DATABASE_URL: urls.backup,
    NODE_ENV: 'development',
    MIGRATION_REPORT_DIR: reportDir,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.client.options.namespace,
    TEMPORAL_TASK_QUEUE: temporal.taskQueue,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
  await chmod(file, 0o600);
  return file;
}

function addressLines(
  { temporal, temporalUi, workerLog }: EmbeddedStack,
  source: SourceKind,
  envFile: string,
): string[] {
  return [
    '',
    `✅ ${databasesOf(source)}, Temporal and a worker are up.`,
    `   Temporal:     ${temporal.address}`,
    `   Temporal UI:  ${temporalUi}`,
    `   Worker log:   ${workerLog}`,
    '',
    'In another terminal, tell the commands about them:',
    `   set -a; . '${envFile}'; set +a`,
    `   temporal workflow start --address ${temporal.address} --type migration --task-queue ${temporal.taskQueue} --workflow-id migration-1 --input '{}'`,
    '',
    'Ctrl-C ends them; the data stays, and the next start goes on with it.',
  ];
}

function databasesOf(source: SourceKind): string {
  return source === 'postgres'
    ? 'PostgreSQL (legacy, target and backup database)'
    : `${sourceNames[source]} (legacy database), PostgreSQL (target and backup database)`;
}

process.exitCode = await main().catch((error: unknown) => exitCodeOf(error));
