import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { keeperScript } from './keeper-script.js';

/** How a server wants to be asked to stop. */
export interface StopManner {
  /** The signal for an orderly end, e.g. SIGINT for PostgreSQL's fast shutdown. */
  signal: NodeJS.Signals;
}

/** A server that the keeper answers for. */
export interface KeptServer {
  /** Ends the server in its own manner, with SIGKILL after the grace; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** Sees to it that servers started by this process end with it, also when it is killed with SIGKILL. */
export interface Keeper {
  /** Takes charge of a child process that has just been spawned; throws if it has no pid. */
  adopt(child: ChildProcess, manner: StopManner): KeptServer;
  /** Stops all servers still running, the last adopted first. The keeper stays usable. */
  stopAll(): Promise<void>;
  /** Stops all servers and the keeper process itself. */
  close(): Promise<void>;
}

export interface KeeperOptions {
  /** Milliseconds between a server's own signal and SIGKILL; 30 000 unless told, so a last checkpoint can end. */
  graceMs?: number;
  /** Told when the keeper process is gone before its time, i.e. when servers would outlive a crash. */
  log?: (line: string) => void;
}

/**
 * Starts a keeper: one small process that waits for this one's end at the far side of a pipe. It starts with the
 * first server, and neither it nor the servers hold this process open.
 *
 * @example
 * const keeper = createKeeper();
 * try {
 *   const postgres = await startPostgres({ dataDir: '.stack/postgres', keeper });
 * } finally {
 *   await keeper.close();
 * }
 */
export function createKeeper({ graceMs = 30_000, log }: KeeperOptions = {}): Keeper {
  const servers = new Set<KeptServer>();
  let watcher: ChildProcess | undefined;
  let closing = false;

  function tell(message: { keep: number; signal: NodeJS.Signals } | { release: number }): void {
    watcher ??= startWatcher(graceMs, () => {
      watcher = undefined;
      if (!closing) log?.('The keeper process ended early: servers may outlive a crash of this process.');
    });
    watcher.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  function adopt(child: ChildProcess, { signal }: StopManner): KeptServer {
    const { pid } = child;
    if (pid === undefined) throw new Error('A process that did not start cannot be adopted.');
    if (closing) {
      child.kill('SIGKILL');
      throw new Error('The keeper is closed; create another one to start servers.');
    }
    tell({ keep: pid, signal });
    child.unref();

    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const server: KeptServer = { stop: () => stopChild(child, signal, graceMs, ended) };
    servers.add(server);
    child.once('exit', () => {
      servers.delete(server);
      if (watcher) tell({ release: pid });
    });
    return server;
  }

  async function stopAll(): Promise<void> {
    for (const server of [...servers].toReversed()) await server.stop();
  }

  async function close(): Promise<void> {
    closing = true;
    await stopAll();
    const last = watcher;
    if (!last) return;
    last.ref();
    await new Promise<void>((resolve) => {
      last.once('exit', () => resolve());
      last.stdin?.end();
    });
  }

  return { adopt, stopAll, close };
}

function startWatcher(graceMs: number, onEnd: () => void): ChildProcess {
  // Without this process's environment: a NODE_OPTIONS meant for us must not reach the keeper.
  const watcher = spawn(
    process.execPath,
    ['--input-type=module', '--eval', keeperScript, String(graceMs)],
    // Detached, so that Ctrl-C in the terminal does not reach it together with us.
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: process.env['PATH'] }, cwd: '/' },
  );
  watcher.once('exit', onEnd);
  watcher.once('error', onEnd);
  // A write to a keeper that is already dead fails; `onEnd` is what reports it.
  watcher.stdin?.on('error', () => undefined);
  watcher.unref();
  if (watcher.stdin instanceof Socket) watcher.stdin.unref();
  return watcher;
}

async function stopChild(
  child: ChildProcess,
  signal: NodeJS.Signals,
  graceMs: number,
  ended: Promise<void>,
): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  child.kill(signal);
  const lastResort = setTimeout(() => child.kill('SIGKILL'), graceMs);
  try {
    await ended;
  } finally {
    clearTimeout(lastResort);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
