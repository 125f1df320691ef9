import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Keeper } from '../servers/keeper.js';
import type { Contestant } from './contestant.js';
import { describeMachine } from './report/machine.js';
import { resultsOf, type Results, type Skipped } from './report/results.js';
import { type Entry, runRounds } from './rounds.js';
import { setStage, type Stage } from './stage.js';
import type { Workload } from './workloads/workload.js';

export interface Benchmark {
  readonly contestants: readonly Contestant[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** closed when the benchmark is over */
  readonly keeper: Keeper;
  /** told what is going on, a line each */
  readonly log: (line: string) => void;
  /** ends everything when aborted, also in the middle of making rows */
  readonly signal: AbortSignal;
}

/** Starts the servers, fills them, lets all that are on this machine run, and ends the servers again. */
export async function measure(benchmark: Benchmark): Promise<Results> {
  const { contestants, workloads, rounds, keeper, log, signal } = benchmark;
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'nxt-migrate-bench-'));
  // Whatever waits for a server fails as soon as that is gone: nothing is waited for in vain.
  const endServers = (): void => void keeper.close();
  signal.addEventListener('abort', endServers, { once: true });
  try {
    const { entries, skipped } = await findAll(contestants, log);
    const dialects = new Set(entries.map(({ contestant }) => contestant.source));
    const stage = await setStage({ folder, keeper, workloads, dialects, log });
    const { staged, unstaged } = onStage(stage, entries, log);
    const outcome = await runRounds(stage, staged, { workloads, rounds, signal, log });
    return resultsOf({
      machine: await describeMachine(),
      versions: { ...stage.versions, ...versionsOf(staged) },
      rounds,
      workloads,
      contestants,
      skipped: [...skipped, ...unstaged],
      ...outcome,
      date: new Date(),
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', endServers);
    await keeper.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Those that are on this machine, and why the others are not. */
async function findAll(
  contestants: readonly Contestant[],
  log: (line: string) => void,
): Promise<{ entries: Entry[]; skipped: Skipped[] }> {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const contestant of contestants) {
    const ready = await contestant.find();
    if ('missing' in ready) skipped.push(leftOut(contestant, ready.missing, log));
    else entries.push({ contestant, ready });
  }
  return { entries, skipped };
}

/** Without a MySQL server there is nothing for those that read one. */
function onStage(
  { withoutMysql: why }: Stage,
  entries: readonly Entry[],
  log: (line: string) => void,
): { staged: Entry[]; unstaged: Skipped[] } {
  if (why === undefined) return { staged: [...entries], unstaged: [] };
  const needsMysql = ({ contestant }: Entry): boolean => contestant.source === 'mysql';
  return {
    staged: entries.filter((entry) => !needsMysql(entry)),
    unstaged: entries.filter(needsMysql).map(({ contestant }) => leftOut(contestant, why, log)),
  };
}

function leftOut({ name, title }: Contestant, why: string, log: (line: string) => void): Skipped {
  log(`${title} is skipped: ${why}.`);
  return { contestant: name, title, why };
}

/** Of each peer once: it may take part with two kinds of source. */
function versionsOf(entries: readonly Entry[]): Record<string, string> {
  const versions: Record<string, string> = { 'Node.js': process.version };
  for (const { contestant, ready } of entries)
    if (!Object.values(versions).includes(ready.version)) versions[contestant.name] = ready.version;
  return versions;
}
