import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process, told apart from a later one of the same number by its start. */
export interface SeenProcess {
  readonly pid: number;
  readonly started: string;
  readonly command: string;
}

/** Everything that the process has started, directly or through others, and that still belongs to it. */
export async function descendantsOf(pid: number): Promise<SeenProcess[]> {
  const all = await processes();
  const found: (SeenProcess & { parent: number })[] = [];
  const parents = new Set([pid]);
  for (let grown = true; grown;) {
    const children = all.filter((child) => parents.has(child.parent) && !parents.has(child.pid));
    for (const child of children) parents.add(child.pid);
    found.push(...children);
    grown = children.length > 0;
  }
  return found.map(({ pid: child, started, command }) => ({ pid: child, started, command }));
}

/** Those that still run; one that has ended and only waits to be collected does not. */
export async function stillRunning(seen: Iterable<SeenProcess>): Promise<SeenProcess[]> {
  const now = new Map((await processes()).map((found) => [found.pid, found]));
  return [...seen].filter(({ pid, started }) => now.get(pid)?.started === started);
}

async function processes(): Promise<(SeenProcess & { parent: number })[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart=,args='], { maxBuffer: 1 << 24 });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s(.*)$/.exec(line);
    if (!match || match[3]?.startsWith('Z')) return [];
    return [
      {
        pid: Number(match[1]),
        parent: Number(match[2]),
        started: match[4] ?? '',
        command: match[5] ?? '',
      },
    ];
  });
}
