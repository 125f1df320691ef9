/**
 * How a worker's process is started so that its memory stays small whatever the table's size. Chunks are buffers outside
 * of V8's heap; left to itself V8 collects them late, and the C library keeps what many threads have freed. Measured with
 * a million price list items: 244 MB at the most with these settings, 408 MB without. V8's helper threads, which collect
 * so small a heap a hundred times a second, cost a sixth of the worker's time in a move. `npm run worker` and the
 * Dockerfile say the same (a test compares).
 */
export const workerNodeFlags: readonly string[] = [
  '--max-semi-space-size=2',
  '--max-old-space-size=256',
  '--single-threaded-gc',
];

/** For glibc; others ignore it. */
export const workerEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };
