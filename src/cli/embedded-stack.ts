import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectTemporal, type TemporalDoor } from '../client/connect-temporal.js';
import { seedLegacy } from '../demo/seed-legacy.js';
import { hasTables } from '../demo/stores/open-store.js';
import { createKeeper, type Keeper } from '../servers/keeper.js';
import { type PostgresServer, startPostgres } from '../servers/postgres.js';
import { startTemporalDevServer, type TemporalDevServer } from '../servers/temporal-dev-server.js';
import { type SourceKind, sourceNames, startLegacyServer } from './legacy-server.js';
import { rememberedPorts, rememberPorts, type StackPorts } from './remembered-ports.js';
import { superviseWorker, type SupervisedWorker } from './supervised-worker.js';
import { waitForWorker } from './wait-for-worker.js';

/** From the compiled `dist/src/cli`. */
const workerFile = fileURLToPath(new URL('../../worker.js', import.meta.url));

const namespace = 'default';
const taskQueue = 'migration';

/** Enough for PostgreSQL's last checkpoint on a slow disk. */
const serverGraceMs = 10_000;

export interface StackOptions {
  /** folder of all data and logs; made if missing, gone on with if it has been used before */
  readonly dataDir: string;
  /** the server that the legacy database is on */
  readonly source: SourceKind;
  /** rows to fill the legacy database with if it has no tables yet; it stays as it is when left out */
  readonly seedRows?: number;
  /** told what is going on, a line each */
  readonly log: (line: string) => void;
  /** aborted when everything shall end, also in the middle of the start */
  readonly signal: AbortSignal;
}

export interface StackUrls {
  readonly source: string;
  readonly target: string;
  readonly backup: string;
}

/** Real servers of our own, and a worker, all on the loopback address. */
export interface EmbeddedStack {
  readonly temporal: TemporalDoor;
  readonly temporalUi: string;
  /** passwords included: not for logs */
  readonly urls: StackUrls;
  readonly worker: SupervisedWorker;
  readonly workerLog: string;
  /** where the worker writes its reports */
  readonly reportDir: string;
}

/**
 * Starts PostgreSQL (target and backup database, and the legacy one unless that is on a server of its own), Temporal's
 * dev server and a worker, does the work, and ends them all, whatever happens.
 *
 * @throws the signal's reason when it was aborted, in whatever the abort made fail
 */
export async function withEmbeddedStack<T>(
  options: StackOptions,
  work: (stack: EmbeddedStack) => Promise<T>,
): Promise<T> {
  const { log, signal } = options;
  const keeper = createKeeper({ graceMs: serverGraceMs, log });
  const releases: (() => Promise<void>)[] = [];
  // A start in progress fails as soon as its process is gone: nothing is waited for in vain.
  const endServers = (): void => void keeper.close();
  signal.addEventListener('abort', endServers, { once: true });
  try {
    const stack = await startStack(options, keeper, (release) => releases.push(release));
    signal.throwIfAborted();
    signal.removeEventListener('abort', endServers);
    return await work(stack);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', endServers);
    for (const release of releases.toReversed()) await release();
    await keeper.close();
  }
}

async function startStack(
  options: StackOptions,
  keeper: Keeper,
  onEnd: (release: () => Promise<void>) => void,
): Promise<EmbeddedStack> {
  const { log, signal } = options;
  const dataDir = path.resolve(options.dataDir);
  const inFolder = (name: string): string => path.join(dataDir, name);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const ports = await rememberedPorts(inFolder('ports.json'));

  // First, and alone: PostgreSQL is what refuses a folder that is in use already.
  log('Starting PostgreSQL...');
  const postgres = await startPostgres({
    dataDir: inFolder('postgres'),
    keeper,
    // The server's log must not repeat rows: no DETAIL, no statements.
    settings: { log_error_verbosity: 'terse', log_min_error_statement: 'panic' },
    ...(ports.postgres === undefined ? {} : { port: ports.postgres }),
  });
  signal.throwIfAborted();
  log('Starting Temporal...');
  const [{ urls, ports: legacyPorts }, server] = await bothOrFirstError(
    prepareDatabases(postgres, options, ports, keeper),
    startTemporal(dataDir, ports, keeper, log),
  );
  signal.throwIfAborted();
  await rememberPorts(inFolder('ports.json'), {
    ...ports,
    ...legacyPorts,
    postgres: postgres.port,
    temporal: portOf(`http://${server.address}`),
    temporalUi: portOf(server.uiUrl),
  });

  const temporal = await connectTemporal({ address: server.address, namespace, taskQueue }, {});
  onEnd(() => temporal.close());
  signal.throwIfAborted();

  log('Starting the worker...');
  const reportDir = path.resolve(process.env['MIGRATION_REPORT_DIR'] || tmpdir());
  await mkdir(reportDir, { recursive: true });
  const workerLog = inFolder('worker.log');
  const since = new Date();
  const worker = await superviseWorker({
    file: workerFile,
    // Not where the operator is: a .env there is for other databases.
    cwd: dataDir,
    env: workerEnvironment(dataDir, urls, server.address, reportDir),
    logFile: workerLog,
    keeper,
    log,
    signal,
  });
  onEnd(() => worker.stop());
  await Promise.race([waitForWorker(temporal, since, signal), rejected(worker.gaveUp)]);
  return { temporal, temporalUi: server.uiUrl, urls, worker, workerLog, reportDir };
}

async function prepareDatabases(
  postgres: PostgresServer,
  { source, dataDir, seedRows, log, signal }: StackOptions,
  ports: StackPorts,
  keeper: Keeper,
): Promise<{ urls: StackUrls; ports: StackPorts }> {
  for (const database of ['target', 'backup']) await postgres.createDatabase(database);
  signal.throwIfAborted();
  const legacy = await startLegacyServer(source, { postgres, dataDir, ports, keeper, log });
  signal.throwIfAborted();
  if (seedRows !== undefined) await fill(legacy.url, seedRows, sourceNames[source], log);
  const urls = { source: legacy.url, target: postgres.url('target'), backup: postgres.url('backup') };
  return { urls, ports: legacy.ports };
}

async function fill(url: string, rows: number, server: string, log: (line: string) => void): Promise<void> {
  if (await hasTables(url)) return log('The legacy database has tables already: it stays as it is.');
  log(`Filling the legacy database (${server}) with ${rows.toLocaleString('en-US')} rows...`);
  await seedLegacy({ url, rows });
}

function startTemporal(
  dataDir: string,
  ports: StackPorts,
  keeper: Keeper,
  log: (line: string) => void,
): Promise<TemporalDevServer> {
  return startTemporalDevServer({
    dataFile: path.join(dataDir, 'temporal.db'),
    keeper,
    log,
    ...(ports.temporal === undefined ? {} : { port: ports.temporal }),
    ...(ports.temporalUi === undefined ? {} : { uiPort: ports.temporalUi }),
  });
}

/** The operator's settings, but for what names servers: those are ours. */
function workerEnvironment(
  dataDir: string,
  urls: StackUrls,
  temporalAddress: string,
  reportDir: string,
): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return {
    ...Object.fromEntries(own),
    NODE_ENV: 'development',
    SOURCE_DATABASE_URL: urls.source,
    DATABASE_URL: urls.target,
    BACKUP_DATABASE_URL: urls.backup,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TASK_QUEUE: taskQueue,
    // The operator's profile, with its TLS and keys, is for another Temporal. This file need not exist.
    TEMPORAL_CONFIG_FILE: path.join(dataDir, 'temporal.toml'),
    MIGRATION_REPORT_DIR: reportDir,
  };
}

/** Both results; when one fails, the other is waited for all the same, so that nothing goes on behind our back. */
async function bothOrFirstError<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

async function rejected(reason: Promise<Error>): Promise<never> {
  throw await reason;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
