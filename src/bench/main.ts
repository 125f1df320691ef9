/** `npm run bench`: how fast rows move, as ratios to other ways in the same run on the same machine. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../engine/postgres/connect.js';
import { createKeeper } from '../servers/keeper.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { makeLegacyProducts } from './legacy-products.js';
import type { MoveFigures } from './move.js';

const run = promisify(execFile);
const moveScript = fileURLToPath(new URL('./move.js', import.meta.url));

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number of at least 1');
  return Number(text);
}

const options = new Command('bench')
  .description('Measures the move of products against psql | psql on this machine')
  .option('--rows <n>', 'rows of products', wholeNumber, 1_000_000)
  .option('--rounds <n>', 'interleaved repetitions', wholeNumber, 3)
  .option('--json', 'one JSON document')
  .parse()
  .opts<{ rows: number; rounds: number; json?: true }>();

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = await mkdtemp(path.join(tmpdir(), 'nxt-migrate-bench-'));
const keeper = createKeeper({ log: say });
try {
  const server = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    keeper,
    settings: { max_wal_size: '4GB', shared_buffers: '512MB', maintenance_work_mem: '256MB' },
  });
  say(`Making ${options.rows.toLocaleString('en-US')} legacy products...`);
  await server.createDatabase('legacy');
  const legacy = await connect({ connectionString: server.url('legacy') });
  await makeLegacyProducts(legacy, options.rows);
  await legacy.end();
  const psql = await run('psql', ['--version']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (!psql) say('psql is not installed: its pipe is skipped.');
  const pipes: number[] = [];
  const moves: MoveFigures[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    if (psql) pipes.push(await pipe(server));
    moves.push(await move(server));
    say(`round ${round}: pipe ${pipes.at(-1)?.toFixed(2) ?? '-'} s, ${JSON.stringify(moves.at(-1))}`);
  }
  const result = {
    rows: options.rows,
    node: process.version,
    psql: psql ?? null,
    pipeSeconds: median(pipes),
    moveSeconds: median(moves.map((figures) => figures.move)),
    surveySeconds: median(moves.map((figures) => figures.survey)),
    verifySeconds: median(moves.map((figures) => figures.verify)),
    moveToPipe: median(moves.map((figures, i) => (pipes[i] ?? Number.NaN) / figures.move)),
    surveyAndMoveToPipe: median(
      moves.map((figures, i) => (pipes[i] ?? Number.NaN) / (figures.survey + figures.move)),
    ),
    verifyToMove: median(moves.map((figures) => figures.move / figures.verify)),
    peakMiB: Math.max(...moves.map((figures) => figures.peakMiB)),
    differences: Math.max(...moves.map((figures) => figures.differences)),
  };
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : table(result));
} finally {
  await keeper.close();
  await rm(folder, { recursive: true, force: true });
}

/** Seconds of the psql text pipe into an empty table with its primary key. */
async function pipe(server: PostgresServer): Promise<number> {
  return withDatabase(server, 'pipe', async (url) => {
    const client = await connect({ connectionString: url });
    await client.query(`create table legacy_products (
      id uuid primary key, sku varchar(100), name varchar(255), description text, category varchar(100),
      unit_price numeric(10,2), cost_price numeric(10,2), supplier_id uuid, is_active boolean, product_code varchar(50),
      barcode varchar(50), weight numeric(10,3), dimensions text, tags text, created_at timestamp, updated_at timestamp,
      product_name varchar(255))`);
    await client.end();
    const begin = performance.now();
    const reader = spawn('psql', [server.url('legacy'), '-qc', 'copy legacy_products to stdout'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const writer = spawn('psql', [url, '-qc', 'copy legacy_products from stdin'], {
      stdio: [reader.stdout, 'inherit', 'inherit'],
    });
    // The writer has it now; were our end left open, the reader would never learn that the writer is gone.
    reader.stdout.destroy();
    const codes = await Promise.all(
      [reader, writer].map((child) => new Promise<number | null>((resolve) => child.once('exit', resolve))),
    );
    if (codes.some((code) => code !== 0)) throw new Error(`psql ended with ${codes.join(' and ')}`);
    return (performance.now() - begin) / 1000;
  });
}

async function move(server: PostgresServer): Promise<MoveFigures> {
  return withDatabase(server, 'target', async (url) => {
    const { stdout } = await run(process.execPath, [moveScript, 'products'], {
      cwd: folder,
      env: {
        ...process.env,
        NODE_ENV: 'development',
        SOURCE_DATABASE_URL: server.url('legacy'),
        DATABASE_URL: url,
      },
    });
    const figures: MoveFigures = JSON.parse(stdout);
    return figures;
  });
}

/** A fresh database, the buffers of both sides warm and the log written out, so that each way starts alike. */
async function withDatabase<T>(
  server: PostgresServer,
  name: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  await server.createDatabase(name);
  const admin = await connect({ connectionString: server.url('postgres') });
  try {
    await admin.query('checkpoint');
    return await work(server.url(name));
  } finally {
    await admin.query(`drop database "${name}" with (force)`);
    await admin.end();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function table(result: Record<string, string | number | null>): string {
  return `${Object.entries(result)
    .map(
      ([name, value]) =>
        `${name.padEnd(22)} ${typeof value === 'number' ? Math.round(value * 1000) / 1000 : String(value)}`,
    )
    .join('\n')}\n`;
}
