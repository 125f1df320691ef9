import v8 from 'node:v8';
import vm from 'node:vm';
import { MigrationError } from '../contract/errors.js';
import type { ChunkLimit } from './source/types.js';

/** A process in bytes: what its objects take, and its buffers outside the heap. */
export interface MemoryUse {
  readonly heap: number;
  readonly external: number;
}

export interface MemoryBudget {
  /** most that objects may take: close below where the process would die */
  readonly heap: number;
  /** most that objects and buffers may take together */
  readonly all: number;
}

/** What a guard asks of its process; tests bring figures of their own. */
export interface MemoryMeter {
  readonly use: () => MemoryUse;
  /** gives back what nobody uses any more, so that only what is needed counts */
  readonly collect: () => void;
}

/** A chunk is never made smaller than this: by then it takes next to nothing, and commits cost more than rows. */
const fewestRows = 64;
const fewestBytes = 65_536;
/** Commits in a row that are over the budget with the smallest chunks before the move is given up. */
const lastChances = 3;
/** Commits in a row with room to spare (less than this share of the budget) before chunks grow again. */
const easyCommits = 10;
const easyShare = 0.7;

const mebibyte = 1_048_576;

/**
 * Keeps a process within its memory by the size of its chunks: over the budget they are halved, with room to spare they
 * grow again to what they were. `limit` is changed in place, and read anew for each chunk.
 */
export class MemoryGuard {
  readonly limit: ChunkLimit;
  readonly #full: Readonly<ChunkLimit>;
  readonly #budget: MemoryBudget;
  readonly #meter: MemoryMeter;
  readonly #warn: (note: string) => void;
  #halvings = 0;
  #easy = 0;
  #chances = lastChances;

  /** `halvings`: how often chunks are halved to begin with, because earlier attempts may have died of their size. */
  constructor(parts: {
    limit: Readonly<ChunkLimit>;
    budget: MemoryBudget;
    halvings?: number;
    warn: (note: string) => void;
    meter?: MemoryMeter;
  }) {
    this.#full = { ...parts.limit };
    this.limit = { ...parts.limit };
    this.#budget = parts.budget;
    this.#meter = parts.meter ?? ownProcess();
    this.#warn = parts.warn;
    for (let i = 0; i < (parts.halvings ?? 0) && !this.#atFloor; i++) this.#halve();
  }

  /** Looks after a commit. Throws ERR_007 when smaller chunks help no more. */
  look(): void {
    let use = this.#meter.use();
    if (this.#over(use)) {
      this.#meter.collect();
      use = this.#meter.use();
    }
    if (!this.#over(use)) {
      this.#chances = lastChances;
      this.#relax(use);
      return;
    }
    this.#easy = 0;
    if (!this.#atFloor) {
      this.#halve();
      this.#warn(`${this.#figures(use)}: chunks are halved to ${this.#size()}`);
    } else if (--this.#chances === 0) throw this.#exhausted(use);
  }

  #over({ heap, external }: MemoryUse): boolean {
    return heap > this.#budget.heap || heap + external > this.#budget.all;
  }

  get #atFloor(): boolean {
    return this.limit.rows <= fewestRows || this.limit.bytes <= fewestBytes;
  }

  #halve(): void {
    this.#halvings++;
    this.#resize();
  }

  #relax({ heap, external }: MemoryUse): void {
    const roomy = heap < easyShare * this.#budget.heap && heap + external < easyShare * this.#budget.all;
    this.#easy = roomy ? this.#easy + 1 : 0;
    if (this.#easy < easyCommits || this.#halvings === 0) return;
    this.#easy = 0;
    this.#halvings--;
    this.#resize();
  }

  #resize(): void {
    const { rows, bytes } = this.#full;
    const share = 2 ** -this.#halvings;
    this.limit.rows = Math.max(Math.min(rows, fewestRows), Math.ceil(rows * share));
    this.limit.bytes = Math.max(Math.min(bytes, fewestBytes), Math.ceil(bytes * share));
  }

  #size(): string {
    return `${this.limit.rows} rows or ${Math.ceil(this.limit.bytes / 1024)} kB`;
  }

  #figures({ heap, external }: MemoryUse): string {
    const budget = this.#budget;
    return `the worker needs ${inMegabytes(heap + external)} MB of memory (${inMegabytes(heap)} MB heap), and may use ${inMegabytes(budget.all)} MB (${inMegabytes(budget.heap)} MB heap)`;
  }

  #exhausted(use: MemoryUse): MigrationError {
    return new MigrationError(
      'ERR_007',
      `Memory is exhausted, with chunks of no more than ${this.#size()}: ${this.#figures(use)}.`,
      {
        next: 'Give the worker more memory (MIGRATION_MEMORY_LIMIT, and --max-old-space-size of node), or let fewer ranges move at the same time, then start again.',
      },
    );
  }
}

function inMegabytes(bytes: number): number {
  return Math.round(bytes / mebibyte);
}

function ownProcess(): MemoryMeter {
  return {
    use: () => {
      const { heapUsed, external } = process.memoryUsage();
      return { heap: heapUsed, external };
    },
    collect: collectGarbage,
  };
}

let collector: (() => void) | undefined;

/** V8 collects when it sees fit, by its own limit and not by ours. */
function collectGarbage(): void {
  if (!collector) {
    v8.setFlagsFromString('--expose-gc');
    collector = vm.runInNewContext('gc') as () => void;
  }
  collector();
}

/** What V8 may use of its heap before it gives up is not all for us. */
const heapShare = 0.9;
/** Chunks that are in memory for each range that moves: read, transformed, sent, and what the sockets hold of them. */
const chunksInFlight = 16;
const leastExternal = 128 * mebibyte;

/**
 * The budget of a worker. `limitBytes`: most that it may use in all, where an operator has said so; otherwise nine tenths
 * of V8's own limit, and besides, for buffers, 16 chunks for each of the ranges that move at the same time (128 MB at
 * least).
 */
export function memoryBudget(parts: {
  limitBytes: number | undefined;
  chunkBytes: number;
  parallel: number;
}): MemoryBudget {
  const heap = heapShare * v8.getHeapStatistics().heap_size_limit;
  const external = Math.max(leastExternal, chunksInFlight * parts.chunkBytes * parts.parallel);
  return { heap, all: parts.limitBytes ?? heap + external };
}
