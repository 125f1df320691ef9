import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunStatus } from '../../src/contract/status.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { builtProduct } from '../helpers/built-product.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { seedLibrary } from './library-legacy.js';

const project = path.resolve(import.meta.dirname, '../..');
const plans = { MIGRATION_PLANS: path.join(project, 'test/data/plans/library/plan.ts') };

describe('a plan of somebody else', () => {
  let environment: RunEnvironment;
  let status: RunStatus;
  const target = <Row extends object>(sql: string) => environment.query<Row>('target', sql);

  beforeAll(async () => {
    environment = await createRunEnvironment(plans);
    await seedLibrary(environment.source.url);
    // Chunks of seven rows put a border into every kind of key.
    status = await environment.run({ plan: 'library', name: 'library', batchSizes: { default: 7 } });
  });
  afterAll(() => environment.close());

  it('runs through the same workflow, completes and is verified', () => {
    expect(status).toMatchObject({ plan: 'library', state: 'completed', phase: 'finalize', lastError: null });
    expect(status.steps.map(({ step, state, differences }) => ({ step, state, differences }))).toEqual(
      ['shelves', 'readers', 'books', 'loans'].map((step) => ({ step, state: 'completed', differences: 0 })),
    );
    expect(status.checks.filter(({ severity, failed }) => severity === 'error' && failed > 0)).toEqual([]);
  });

  it('rejects what is wrong, each row with its code and column', async () => {
    const rejects = await target(
      `select legacy_table as "table", legacy_id as id, code, column_name as "column"
       from migration.rejects order by legacy_table collate "C", legacy_id collate "C"`,
    );
    expect(rejects).toEqual([
      { table: 'Old Readers', id: 'nobody', code: 'ERR_003', column: 'Full Name' },
      { table: 'old_book', id: '5001', code: 'ERR_003', column: 'title' },
      { table: 'old_book', id: '5002', code: 'ERR_003', column: 'isbn' },
      { table: 'old_book', id: '5003', code: 'ERR_003', column: 'isbn' },
      { table: 'old_book', id: '5004', code: 'ERR_005', column: 'isbn' },
      { table: 'old_loan', id: '-493,99', code: 'ERR_003', column: 'lent_at' },
      { table: 'old_loan', id: '4711,1', code: 'ERR_004', column: 'book_no' },
      { table: 'old_loan', id: '5001,1', code: 'ERR_004', column: 'book_no' },
      { table: 'old_loan', id: '5004,1', code: 'ERR_004', column: 'book_no' },
      { table: 'old_periodical', id: '200001', code: 'ERR_003', column: 'running' },
      { table: 'old_shelf', id: '1005', code: 'ERR_003', column: 'label' },
    ]);
  });

  it.each([
    ['old_shelf', 'shelf_no::text', 'shelves', 'id::text'],
    ['"Old Readers"', '"Card ""No"""', 'readers', 'card'],
    [
      '(select book_no from old_book union all select periodical_no from old_periodical) b',
      'book_no::text',
      'books',
      'id::text',
    ],
    ['old_loan', `book_no || ',' || loan_no`, 'loans', `book_id || ',' || loan_number`],
  ])('has every good row of %s exactly once', async (legacy, legacyKey, table, key) => {
    const source = await environment.query<{ id: string }>(
      'source',
      `select ${legacyKey} as id from ${legacy}`,
    );
    const rejected = await target<{ id: string }>(
      `select legacy_id as id from migration.rejects r join migration.steps s using (run, step) where s.target_table = '${table}'`,
    );
    const moved = await target<{ id: string }>(`select ${key} as id from ${table}`);
    const out = new Set(rejected.map(({ id }) => id));
    const good = source.map(({ id }) => id).filter((id) => !out.has(id));

    expect(moved.map(({ id }) => id).toSorted()).toEqual(good.toSorted());
    expect(status.steps.find((step) => step.table === table)).toMatchObject({
      source: source.length,
      read: source.length,
      migrated: good.length,
      rejected: out.size,
    });
  });

  it('sets the references of shelves to shelves, also in circles, and warns of those that lead nowhere', async () => {
    const inside = await target<{ id: number; inside: number | null }>(
      'select id, inside_id as inside from shelves order by id',
    );
    const regular = inside.filter(({ id }) => id < 1000);
    expect(regular).toHaveLength(60);
    for (const [i, shelf] of regular.entries()) expect(shelf.inside).toBe(regular[i + 1]?.id ?? null);
    expect(inside.slice(60)).toEqual([
      { id: 1001, inside: 1002 },
      { id: 1002, inside: 1001 },
      { id: 1003, inside: 1003 },
      { id: 1004, inside: null },
      { id: 1006, inside: null },
    ]);
    expect(
      await target(
        `select legacy_id as id, column_name as "column" from migration.warnings where step = 'shelves' order by 1`,
      ),
    ).toEqual([
      { id: '1004', column: 'inside_id' },
      { id: '1006', column: 'inside_id' },
    ]);
  });

  it('finds a parent by id, else by code, and tells keys apart that differ in case', async () => {
    expect(
      await target(
        `select b.id, s.name as shelf from books b left join shelves s on s.id = b.shelf_id
         where b.id in (9007199254740993, -9007199254740993, 5006, 100011) order by b.id`,
      ),
    ).toEqual([
      { id: '-9007199254740993', shelf: 'Shelf 8' },
      { id: '5006', shelf: null },
      { id: '100011', shelf: 'Shelf 1' },
      { id: '9007199254740993', shelf: 'Shelf 7' },
    ]);
    expect(
      await target(
        `select loan_number as n, reader_card as card from loans where book_id in (9007199254740993, 100011, -493) and loan_number < 2 order by book_id, n`,
      ),
    ).toEqual([
      { n: -2, card: 'b1' },
      { n: -1, card: 'ß-11' },
      { n: 0, card: 'B21' },
      { n: 1, card: 'b31' },
      { n: 1, card: null },
      { n: 1, card: 'É 1' },
    ]);
  });

  it('warns with the key of the legacy row, also where that is composite', async () => {
    expect(
      await target(
        `select legacy_id as id, column_name as "column" from migration.warnings where step = 'loans' order by legacy_id collate "C"`,
      ),
    ).toEqual([
      { id: '100011,1', column: 'card' },
      { id: '9007199254740993,1', column: 'taken_from' },
    ]);
  });

  it('counts what is counted anew', async () => {
    expect(
      await target(
        'select 1 from books b where times_lent <> (select count(*) from loans l where l.book_id = b.id)',
      ),
    ).toEqual([]);
    expect(await target('select times_lent as times from books where id = -493')).toEqual([{ times: 6 }]);
  });

  it('keeps what has no column of its own', async () => {
    expect(await target('select notes from books where id = -479')).toEqual([
      { notes: { old: { donor: 'Mrs 3', signature: 'S3' } } },
    ]);
  });
});

describe('a business rule of somebody else', () => {
  it('holds the run when a row with a composite key breaks it', async () => {
    const environment = await createRunEnvironment(plans);
    try {
      await seedLibrary(environment.source.url);
      await environment.query(
        'source',
        `update old_loan set returned_at = '1999-12-31' where loan_no = 1 and book_no in (9007199254740993, 100011)`,
      );
      await environment.withWorker(async () => {
        const run = await environment.start({ plan: 'library', backup: false });
        const held = await environment.waitFor(run, (status) => status.state === 'waiting');
        expect(held).toMatchObject({
          phase: 'validate',
          waitingFor: {
            reason: 'Nothing is returned before it is lent: 2 of 302 rows fail',
            code: 'ERR_003',
          },
        });
        expect(
          await environment.query('target', `select examples from migration.check_results where failed > 0`),
        ).toContainEqual({ examples: ['100011,1', '9007199254740993,1'] });
        await run.executeUpdate('skip-validation', { args: [{ reason: 'the old clock was wrong' }] });
        expect(await run.result()).toMatchObject({ state: 'completed' });
      });
    } finally {
      await environment.close();
    }
  });
});

describe('a worker process', () => {
  /** Starts a worker, stops it when it is ready, and answers its exit code and what it complained about. */
  async function startWorker(
    environment: RunEnvironment,
    modules: string,
  ): Promise<{ ready: boolean; code: number | null; stderr: string }> {
    const worker = spawn(process.execPath, [await builtProduct('worker.js')], {
      env: { ...process.env, ...environment.env, MIGRATION_LOG_LEVEL: 'INFO', MIGRATION_PLANS: modules },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void worker.kill('SIGKILL'));
    const said = { stdout: '', stderr: '' };
    let ready = false;
    const listen = (output: keyof typeof said) =>
      worker[output].setEncoding('utf8').on('data', (text: string) => {
        said[output] += text;
        if (ready || !said[output].includes('The worker is ready')) return;
        ready = true;
        worker.kill('SIGTERM');
      });
    listen('stdout');
    listen('stderr');
    const code = await new Promise<number | null>((resolve) => worker.once('close', resolve));
    return { ready, code, stderr: said.stderr };
  }

  it('knows the plans of MIGRATION_PLANS, and ends with one line and exit code 2 where a module has none', async () => {
    const environment = await createRunEnvironment();
    const folder = await temporaryFolder();
    const good = path.join(folder, 'shed.mjs');
    const bad = path.join(folder, 'nothing.mjs');
    const missing = path.join(folder, 'gone.mjs');
    await writeFile(good, await compiledPlan());
    await writeFile(bad, 'export const plans = {};');
    try {
      expect(await startWorker(environment, good)).toMatchObject({ ready: true });
      expect(await startWorker(environment, `${good},${bad}`)).toEqual({
        ready: false,
        code: 2,
        stderr: `❌ The plan module ${bad} exports no plan: it needs an export \`plan\`, made by definePlan.\n`,
      });
      const { code, stderr } = await startWorker(environment, missing);
      expect(code).toBe(2);
      expect(stderr.trimEnd().split('\n')).toEqual([
        expect.stringContaining(`The plan module ${missing} cannot be imported: `),
      ]);
    } finally {
      await environment.close();
    }
  });

  /** A plan as somebody would write it against the compiled product. */
  async function compiledPlan(): Promise<string> {
    const builder = await builtProduct('src/plan/builder.js');
    const sql = path.join(project, 'test/data/plans/library/sql');
    return `
      import { definePlan, entity, keep, source } from ${JSON.stringify(pathToFileURL(builder).href)};
      const tools = entity({ step: 'tools', label: 'tools', sources: [source('old_tool', [keep('id')])] });
      export const plan = definePlan({
        name: 'shed', title: 'Shed', entities: [tools],
        schema: { tables: ['tools'], migrationsFolder: ${JSON.stringify(sql)} },
      });`;
  }
});

it('the engine and its neighbours know no table of the built-in plan', async () => {
  const names = new Set(
    nxtPlan.entities.flatMap((entity) => [
      entity.step,
      entity.table,
      ...entity.sources.map((source) => source.table),
    ]),
  );
  for (const table of nxtPlan.schema.tables) names.add(table);
  const named = new RegExp(`\\b(${[...names].join('|')})\\b`, 'i');
  const found: string[] = [];
  for (const folder of [
    'src/engine',
    'src/store',
    'src/checks',
    'src/backup',
    'src/prepare',
    'workflows',
    'activities',
  ])
    for (const file of await readdir(path.join(project, folder), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const code = await readFile(path.join(file.parentPath, file.name), 'utf8');
      for (const line of withoutComments(code).split('\n'))
        if (named.test(line)) found.push(`${folder}/${file.name}: ${line.trim()}`);
    }
  expect(found).toEqual([]);
});

/** Comments may tell with an example what code must not know. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\/|(^|\s)\/\/.*$/gm, '');
}
