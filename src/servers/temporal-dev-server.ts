import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { onFreePorts, portAnswers } from './free-port.js';
import type { Keeper } from './keeper.js';
import { startServerProcess } from './server-process.js';
import { findTemporalCli } from './temporal-binaries.js';

export interface TemporalDevServerOptions {
  /** Where the server keeps its state; in memory only unless told. */
  dataFile?: string;
  /** The gRPC port; a free one unless told. */
  port?: number;
  /** The port of the web page; a free one unless told. */
  uiPort?: number;
  /** A namespace to create beside `default`. */
  namespace?: string;
  /** Takes what the server prints; `<dataFile>.log` unless told, or a temporary file that goes with the server. */
  logFile?: string;
  /** Dynamic configuration by key, the values as JSON text, e.g. `{ 'limit.blobSize.error': '4194304' }`. */
  dynamicConfig?: Record<string, string>;
  keeper: Keeper;
  /** Told when the server has to be downloaded first. */
  log?: (line: string) => void;
}

export interface TemporalDevServer {
  /** Host and port for a client's or worker's connection. */
  address: string;
  uiUrl: string;
  /** The Temporal CLI that runs it, for commands against it. */
  cliPath: string;
  pid: number;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Starts Temporal's dev server on the loopback address and waits until a client gets an answer in the namespace
 * and the web page is there. On a data file that is already there it goes on with its workflows.
 */
export async function startTemporalDevServer(options: TemporalDevServerOptions): Promise<TemporalDevServer> {
  const { keeper, namespace = 'default', log } = options;
  const cliPath = await findTemporalCli({ log });
  const dataFile = options.dataFile === undefined ? undefined : path.resolve(options.dataFile);
  if (dataFile) await mkdir(path.dirname(dataFile), { recursive: true });
  const scratch =
    dataFile || options.logFile ? undefined : await mkdtemp(path.join(tmpdir(), 'nxt-migrate-temporal-'));
  const logFile = options.logFile ?? (scratch ? path.join(scratch, 'server.log') : `${dataFile}.log`);

  return onFreePorts([options.port, options.uiPort], async ([port, uiPort]) => {
    const address = `${HOST}:${port}`;
    const uiUrl = `http://${HOST}:${uiPort}`;
    // prettier-ignore
    const args = [
      'server', 'start-dev', '--ip', HOST, '--port', String(port), '--ui-port', String(uiPort),
      '--ui-disable-news-fetch', '--log-level', 'warn', '--namespace', namespace,
    ];
    if (dataFile) args.push('--db-filename', dataFile);
    for (const [key, value] of Object.entries(options.dynamicConfig ?? {}))
      args.push('--dynamic-config-value', `${key}=${value}`);

    const server = await startServerProcess({
      name: 'The Temporal dev server',
      file: cliPath,
      args,
      env: withoutTemporalSettings(process.env),
      stopSignal: 'SIGTERM',
      logFile,
      keeper,
      probe: () => probe(Number(port), address, namespace, uiUrl),
      patienceMs: 60_000,
    });

    async function stop(): Promise<void> {
      await server.stop();
      if (scratch) await rm(scratch, { recursive: true, force: true });
    }
    return { address, uiUrl, cliPath, pid: server.pid, stop };
  });
}

async function probe(port: number, address: string, namespace: string, uiUrl: string): Promise<void> {
  // The gRPC client waits a second before it tries a refused connection again; a bare socket need not.
  await portAnswers(port);
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  try {
    await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
  } finally {
    await connection.close();
  }
  const page = await fetch(uiUrl, { signal: AbortSignal.timeout(5_000) });
  await page.arrayBuffer();
  if (!page.ok) throw new Error(`The Temporal UI answers with status ${page.status}.`);
}

/** The user's TEMPORAL_* settings are for clients and name other servers. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
