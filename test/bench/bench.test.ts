/** `npm run bench` as a user runs it, small: what it prints and writes, and what it does not count. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Results } from '../../src/bench/report/results.js';
import { builtProduct } from '../helpers/built-product.js';

const run = promisify(execFile);
const rows = 3_000;

async function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return run(process.execPath, [await builtProduct('src/bench/main.js'), ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 16 << 20,
  });
}

describe('a small benchmark', { timeout: 240_000 }, () => {
  let folder: string;
  let results: Results;
  let said: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-bench-test-'));
    const small = [`--rows=${rows}`, '--rounds=2', '--workload=products'];
    const only = '--only=pages,pgcopydb,sling,move-refused,run';
    const { stdout, stderr } = await bench([...small, only, '--json', `--out=${folder}`], {
      PGCOPYDB_PATH: path.join(folder, 'pgcopydb'),
      // A program that copies nothing and says that all went well.
      SLING_PATH: 'true',
    });
    results = JSON.parse(stdout);
    said = stderr;
  }, 240_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says on what it was measured, and with which versions', () => {
    expect(results).toMatchObject({ format: 1, rounds: 2, machine: { cores: expect.any(Number) } });
    expect(results.versions).toMatchObject({
      PostgreSQL: expect.stringMatching(/^\d+/),
      'Node.js': process.version,
    });
    expect(Date.parse(results.date)).not.toBeNaN();
    expect(results.workloads).toEqual([{ name: 'products', title: 'products', rows }]);
  });

  it('lets each run in every round, and in another order each time', () => {
    const inRound = (round: number) =>
      results.runs.filter((each) => each.round === round).map(({ contestant }) => contestant);
    expect(inRound(1)).toEqual(['move', 'move-refused', 'run', 'pages']);
    expect(inRound(2)).toEqual(['move-refused', 'pages', 'move']);
  });

  it('counts what was moved, and what the target has refused', () => {
    const figures = (contestant: string) =>
      results.runs.find((each) => each.contestant === contestant)?.figures;
    // One row in a thousand breaks a rule; then one in a hundred breaks the target's own condition.
    expect(figures('move')).toMatchObject({ read: rows, migrated: 2_997, rejected: 3, differences: 0 });
    expect(figures('move-refused')).toMatchObject({ read: rows, migrated: 2_967, rejected: 33 });
    expect(results.memory.moveMiB).toBeGreaterThan(50);
  });

  it.runIf(process.platform === 'linux')('tells what a worker holds in a whole run', () => {
    expect(results.memory.workerMiB).toBeGreaterThan(results.memory.moveMiB ?? 0);
    expect(results.memory).toMatchObject({ mostMiB: 300, met: true });
  });

  it('divides speeds of the same round, and sets them beside what is promised', () => {
    const [pages] = results.comparisons.filter(({ title }) => title.startsWith('pages by'));
    expect(pages).toMatchObject({
      workload: 'products',
      floor: 30,
      ratios: [expect.any(Number), expect.any(Number)],
    });
    expect(pages?.ratio).toBeCloseTo(((pages?.ratios[0] ?? 0) + (pages?.ratios[1] ?? 0)) / 2, 6);
    const standing = results.standings.find((each) => each.contestant === 'pages');
    expect(standing).toMatchObject({ rows, ours: false, rowsPerSecond: expect.any(Number) });
  });

  it('names the peers that are not installed', () => {
    expect(results.skipped).toEqual([
      {
        contestant: 'pgcopydb',
        title: 'pgcopydb copy table-data',
        why: expect.stringContaining('PGCOPYDB_PATH'),
      },
    ]);
    expect(said).toContain('pgcopydb copy table-data is skipped: pgcopydb is not installed');
  });

  it('does not count a peer whose rows have not arrived', () => {
    expect(results.standings.filter(({ contestant }) => contestant === 'sling')).toEqual([]);
    expect(results.failed).toHaveLength(2);
    expect(results.failed[0]).toMatchObject({ contestant: 'sling', why: `of ${rows} rows 0 arrived` });
    expect(results.comparisons.find(({ title }) => title.startsWith('sling'))).toMatchObject({
      ratio: null,
      met: null,
    });
  });

  it('writes the same as JSON, as a page and as a chart', async () => {
    const file = (name: string) => readFile(path.join(folder, name), 'utf8');
    expect(JSON.parse(await file('results.json'))).toEqual(results);
    const page = await file('results.md');
    expect(page).toContain('## 3,000 products');
    expect(page).toContain('| pages by LIMIT/OFFSET and multi-row INSERT, PostgreSQL |');
    const chart = await file('chart.svg');
    expect(chart).toMatch(/^<svg [^]+<\/svg>\n$/);
    expect(chart).toContain('nxt-migrate, PostgreSQL');
  });
});

it('refuses a peer that there is none of, and names those that there are', async () => {
  await expect(bench(['--only=psql,pgfoo'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/There is no pgfoo\. Allowed are move, .*psql, pgcopydb/),
  });
});
