import { createServer, connect as connectSocket, type AddressInfo } from 'node:net';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { searchAttributes } from '../../src/contract/names.js';
import type { RunStatus } from '../../src/contract/status.js';
import { seedLegacy } from '../../src/demo/seed-legacy.js';
import { identityOf, namespaceOf, uuidText } from '../../src/engine/values/uuid.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { schemaBookkeeping } from '../../src/plan/schema-folder.js';
import { createRunEnvironment, type RunEnvironment } from '../helpers/run-environment.js';
import { temporalCli } from '../helpers/temporal-cli.js';

type Run = WorkflowHandle<() => Promise<RunStatus>>;

/** The first one has the legacy database that the others read too, unless they need one of their own. */
let first: RunEnvironment;

beforeAll(async () => {
  first = await createRunEnvironment();
  await seedLegacy({ url: first.source.url, rows: 400 });
});
afterAll(() => first.close());

/** Another target with the same legacy database. */
async function withTarget<T>(
  use: (environment: RunEnvironment) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const environment = await createRunEnvironment({ SOURCE_DATABASE_URL: first.source.url, ...settings });
  try {
    return await environment.withWorker(() => use(environment));
  } finally {
    await environment.close();
  }
}

/** How a run that may not start says so. */
async function refusal(run: Run): Promise<{ type: unknown; message: string; nonRetryable: unknown }> {
  const error: unknown = await run.result().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure))
    throw new Error('the run did not fail', { cause: error });
  const { type, message, nonRetryable } = error.cause;
  return { type, message, nonRetryable };
}

const isHeld = ({ state }: RunStatus) => state === 'waiting';

describe("with Temporal's own command-line tool", () => {
  it('a run is started, asked and described', async () => {
    await first.withWorker(async () => {
      const id = { 'workflow-id': `cli-${first.taskQueue}` };
      const started = await temporalCli('workflow start', {
        ...id,
        type: 'migration',
        'task-queue': first.taskQueue,
        input: '{}',
      });
      expect(started).toMatchObject({ failed: false });

      const asked = await temporalCli('workflow query', { ...id, type: 'status' });
      expect(JSON.parse(asked.stdout)).toMatchObject({
        queryResult: [{ name: `cli-${first.taskQueue}`, plan: 'nxt', mode: 'auto', state: 'running' }],
      });

      const ended = JSON.parse((await temporalCli('workflow result', id)).stdout);
      expect(ended).toMatchObject({
        status: 'COMPLETED',
        result: { state: 'completed', phase: 'finalize', waitingFor: null },
      });
      const { steps, rows, errorRate } = ended.result as RunStatus;
      expect(steps.map(({ step }) => step)).toEqual([
        'customers',
        'suppliers',
        'products',
        'inventory',
        'price-lists',
        'price-list-items',
        'upload-history',
      ]);
      expect(rows.read).toBe(400);

      const described = JSON.parse((await temporalCli('workflow describe', id)).stdout);
      const found = described.workflowExecutionInfo.searchAttributes.indexedFields;
      const values = Object.fromEntries(
        Object.keys(searchAttributes).map((name) => [name, decoded(found[name])]),
      );
      expect(values).toEqual({
        MigrationName: `cli-${first.taskQueue}`,
        MigrationPlan: 'nxt',
        MigrationPhase: 'finalize',
        MigrationState: 'completed',
        MigrationErrorRate: errorRate,
        MigrationRows: 400,
      });

      const shown = JSON.parse((await temporalCli('workflow show', id)).stdout);
      expect(shown.events.at(-1).eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');

      const listed = await temporalCli('workflow list', {
        query: `MigrationState = 'completed' and MigrationName = 'cli-${first.taskQueue}'`,
      });
      expect(JSON.parse(listed.stdout)).toHaveLength(1);
    });
  });
});

/** A search attribute as the tool prints it: parsed, or still in its payload. */
function decoded(field: unknown): unknown {
  if (typeof field !== 'object' || field === null || !('data' in field)) return field;
  return JSON.parse(Buffer.from(String(field.data), 'base64').toString('utf8'));
}

describe('what is wrong with the input fails the run at once', () => {
  const cases: [string, unknown, string[]][] = [
    ['an unknown field', { batchsize: 5 }, ['batchsize', 'unknown field', 'batchSizes']],
    ['no object', 'all', ['input', '"all"', 'object']],
    ['a wrong type', { parallel: 'two' }, ['parallel', '"two"', 'number']],
    ['a number out of range', { maxErrorRate: 10 }, ['maxErrorRate', '10', '1']],
    ['a duration of no kind', { maxDuration: '4 hours' }, ['maxDuration', '"4 hours"', '90s, 30m or 4h']],
    ['a duration of nothing', { maxDuration: '0s' }, ['maxDuration', '"0s"', '90s, 30m or 4h']],
    ['a mode that is none', { mode: 'manual' }, ['mode', '"manual"', 'auto']],
    ['no tables', { tables: [] }, ['tables', '[]', '1']],
    ['an unknown plan', { plan: 'nyx' }, ['plan', '"nyx"', 'nxt']],
    [
      'an unknown table',
      { tables: ['customers', 'clients'] },
      ['clients', 'customers', 'price-list-items', 'price_lists'],
    ],
    ['a batch size for no step', { batchSizes: { clients: 5 } }, ['batchSizes', 'clients', 'customers']],
  ];

  const answers = new Map<unknown, Awaited<ReturnType<typeof refusal>>>();
  let shown: Awaited<ReturnType<typeof temporalCli>>;

  beforeAll(() =>
    first.withWorker(async () => {
      const refused = cases.map(async ([, input]) => answers.set(input, await refusal(await start(input))));
      const twoFaults = await start({ parallel: 0, verfy: true });
      await Promise.all([...refused, refusal(twoFaults)]);
      shown = await temporalCli('workflow result', { 'workflow-id': twoFaults.workflowId });
    }),
  );

  const start = (input: unknown) => first.start(input as Record<string, unknown>);

  it.each(cases)('%s', (_what, input, words) => {
    const { message, ...how } = answers.get(input) ?? { message: '' };
    expect(how).toEqual({ type: 'ERR_002', nonRetryable: true });
    for (const word of words) expect(message).toContain(word);
  });

  it('all of it at once, also as the command-line tool shows it', () => {
    expect(shown.failed).toBe(true);
    expect(shown.stdout).toContain('ERR_002');
    expect(shown.stdout).toContain('parallel: 0 is not allowed');
    expect(shown.stdout).toContain('verfy: unknown field; allowed are name, plan, mode, tables');
  });

  it('and none of it is entered as a run', async () => {
    expect(await first.query('target', 'select name from migration.runs')).toEqual([
      { name: `cli-${first.taskQueue}` },
    ]);
  });
});

describe('what a run may leave out', () => {
  it('tables bring along what they depend on; verification and backup are left out when told so', async () => {
    await withTarget(async (environment) => {
      const run = await environment.start({ tables: ['products'], verify: false, backup: false });
      const status = await run.result();
      expect(status.steps.map(({ step, state, differences }) => [step, state, differences])).toEqual([
        ['suppliers', 'completed', null],
        ['products', 'completed', null],
      ]);
      expect(status).toMatchObject({ state: 'completed', checks: [] });
      expect(await environment.query('target', 'select 1 from customers')).toEqual([]);
      expect(
        await environment.query(
          'backup',
          `select 1 from pg_namespace where nspname !~ '^(pg_|information_schema|public)'`,
        ),
      ).toEqual([]);
    });
  });
});

describe('one open run a target', () => {
  it('of two that start in the same instant one goes on, and names itself to the other and to all that follow', async () => {
    await withTarget(
      async (environment) => {
        const input = { minQualityScore: 1 };
        const two = await Promise.all([environment.start(input), environment.start(input)]);
        const ends = await Promise.all(
          two.map((run) =>
            environment.waitFor(run, isHeld).then(
              () => 'held',
              () => 'refused',
            ),
          ),
        );
        expect(ends.toSorted()).toEqual(['held', 'refused']);
        const [open, other] = ends[0] === 'held' ? two : [two[1], two[0]];
        for (const refused of [other, await environment.start()])
          expect(await refusal(refused)).toEqual({
            type: 'ERR_002',
            message: expect.stringContaining(`The run ${open.workflowId} `),
            nonRetryable: true,
          });
        await testGates(environment, open);
        await open.terminate('the test is over');
      },
      { BACKUP_DATABASE_URL: '' },
    );
  });

  /** Goes on with a run that its quality holds, and that wants a backup where none is configured. */
  async function testGates(environment: RunEnvironment, run: Run): Promise<void> {
    const quality = await environment.waitFor(run, isHeld);
    expect(quality).toMatchObject({
      phase: 'prepare',
      waitingFor: {
        code: 'ERR_003',
        reason: expect.stringMatching(/\d+ of 400 rows .* would be rejected .*100\.00% is asked for/),
        helps: ['retry', 'skip-validation', 'rollback'],
      },
    });
    expect(quality.qualityScore).toBeLessThan(1);
    for (const reason of [undefined, '', '  ', 5])
      await expect(run.executeUpdate('skip-validation', { args: [{ reason }] })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/skip-validation: reason: .* it needs a reason/) },
      });
    const skipped = await temporalCli('workflow update execute', {
      'workflow-id': run.workflowId,
      name: 'skip-validation',
      input: '{"reason":"seen and accepted"}',
    });
    expect(skipped).toMatchObject({ failed: false });

    const backup = await environment.waitFor(run, ({ waitingFor }) => waitingFor?.code === 'ERR_002');
    expect(backup).toMatchObject({
      phase: 'prepare',
      waitingFor: {
        reason: expect.stringContaining('BACKUP_DATABASE_URL is not set'),
        helps: ['retry', 'skip-validation', 'rollback'],
      },
    });
    expect(backup.actions).toContainEqual(expect.objectContaining({ what: 'skip-validation' }));
  }
});

describe('a source or target that does not fit', () => {
  it('holds the run with the reason, and retry goes on once it is mended', async () => {
    const environment = await createRunEnvironment();
    try {
      await seedLegacy({ url: environment.source.url, rows: 100 });
      await environment.query('source', 'alter table legacy_products drop constraint legacy_products_pkey');
      await environment.query('source', 'alter table legacy_vendors rename to vendors_of_old');
      await environment.query(
        'target',
        'create table customers (id bigint primary key, tenant text not null, email text)',
      );
      await environment.withWorker(async () => {
        const run = await environment.start({
          tables: ['products', 'customers'],
          backup: false,
          verify: false,
          minQualityScore: 0,
        });
        const source = await environment.waitFor(run, isHeld);
        expect(source.waitingFor).toMatchObject({
          code: 'ERR_002',
          helps: expect.arrayContaining(['retry']),
        });
        expect(source.waitingFor?.reason).toContain('legacy_products: no primary key and no unique index');
        expect(source.waitingFor?.reason).toContain('legacy_vendors: the source has no such table');

        await environment.query('source', 'alter table vendors_of_old rename to legacy_vendors');
        await environment.query('source', 'alter table legacy_products add primary key (id)');
        await run.executeUpdate('retry');
        const target = await environment.waitFor(
          run,
          ({ waitingFor }) => waitingFor !== null && waitingFor.reason !== source.waitingFor?.reason,
        );
        expect(target.waitingFor).toMatchObject({
          code: 'ERR_002',
          helps: expect.arrayContaining(['retry']),
        });
        expect(target.waitingFor?.reason).toContain(
          'suppliers: the target has other tables of the plan, but not this one',
        );
        expect(target.waitingFor?.reason).toContain('customers.tenant: the target demands a value');
        expect(target.waitingFor?.reason).toContain(
          'customers.customer_code: the plan writes it, the target has no such column',
        );

        await environment.query('target', 'drop table customers');
        await run.executeUpdate('retry');
        expect(await environment.waitFor(run, ({ state }) => state !== 'running')).toMatchObject({
          state: 'completed',
          steps: [{ step: 'customers' }, { step: 'suppliers' }, { step: 'products' }],
        });
      });
    } finally {
      await environment.close();
    }
  });
});

describe('one database as source and target', () => {
  it('is refused by name', () => {
    const url = new URL(first.source.url);
    url.hostname = 'localhost';
    expect(() => loadConfig({ SOURCE_DATABASE_URL: first.source.url, DATABASE_URL: url.href })).toThrow(
      'it names the same database as SOURCE_DATABASE_URL',
    );
  });

  it('is found out where the names differ, before anything is written', async () => {
    const environment = await createRunEnvironment();
    const { hostname, port } = new URL(environment.target.url);
    const detour = createServer((socket) => {
      const onward = connectSocket(Number(port), hostname);
      socket.pipe(onward).pipe(socket);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => detour.listen(0, '127.0.0.1', resolve));
    const url = new URL(environment.target.url);
    url.port = String((detour.address() as AddressInfo).port);
    try {
      await withTarget(
        async (other) => {
          expect(await refusal(await other.start())).toEqual({
            type: 'ERR_002',
            message: expect.stringContaining(
              'SOURCE_DATABASE_URL and DATABASE_URL lead to the same database',
            ),
            nonRetryable: true,
          });
        },
        { SOURCE_DATABASE_URL: url.href, DATABASE_URL: environment.target.url },
      );
      expect(
        await environment.query('target', `select 1 from pg_namespace where nspname = 'migration'`),
      ).toEqual([]);
    } finally {
      detour.close();
      await environment.close();
    }
  });
});

describe('rows that were in the target before', () => {
  it('stay as they were, and the run completes around them', async () => {
    await withTarget(async (environment) => {
      await makeTables(environment.target.url);
      const [legacy, other] = await first.query<{ id: number; code: string }>(
        'source',
        `select id, customer_code as code from legacy_customers c
         where (select count(*) from legacy_customers d where d.customer_code = c.customer_code) = 1
           and email like '%_@_%.__%' and length(company_name) between 3 and 100 and length(customer_code) between 4 and 40
           and created_at > '2000-01-01' and updated_at > '2000-01-01'
         order by id limit 2`,
      );
      const [supplier] = await first.query<{ id: string }>(
        'source',
        'select supplier_id as id from legacy_products p join legacy_suppliers s on s.id::text = p.supplier_id order by 1 limit 1',
      );
      const ids = [
        uuidText(identityOf(namespaceOf('legacy_customers'), String(legacy?.id))),
        '00000000-0000-4000-8000-000000000001',
        '00000000-0000-4000-8000-000000000002',
      ];
      await environment.query(
        'target',
        `insert into customers (id, customer_code, company_name, email, metadata) values
           ($1, 'BEFORE-1', 'Here before', 'a@example.com', '{"b": 1.10, "a": "ü"}'),
           ($2, $4, 'Has a code that comes', 'b@example.com', '{}'),
           ($3, 'BEFORE-3', 'In nobody''s way', 'c@example.com', '{}')`,
        [...ids, other?.code],
      );
      await environment.query(
        'target',
        `insert into suppliers (id, supplier_code, company_name, email) values ($1, 'BEFORE', 'Here before', 'd@example.com')`,
        [supplier?.id],
      );
      const before = await rowsThatWereThere(environment, [...ids, supplier?.id]);

      const run = await environment.start({ maxErrorRate: 1, backup: false });
      const status = await environment.waitFor(run, ({ state }) => state !== 'running');
      expect(status).toMatchObject({ state: 'completed', waitingFor: null });
      for (const step of status.steps) expect(step).toMatchObject({ state: 'completed', differences: 0 });
      expect(await rowsThatWereThere(environment, [...ids, supplier?.id])).toEqual(before);
      expect(
        await environment.query(
          'target',
          `select legacy_table as "table", legacy_id as id from migration.rejects
           where code = 'ERR_005' and legacy_id = any($1) order by 1, 2`,
          [[legacy?.id, other?.id, supplier?.id].map(String)],
        ),
      ).toEqual([
        { table: 'legacy_customers', id: String(legacy?.id) },
        { table: 'legacy_customers', id: String(other?.id) },
        { table: 'legacy_suppliers', id: supplier?.id },
      ]);
      expect(
        await environment.query('target', 'select 1 from products where supplier_id = $1', [supplier?.id]),
        'rows of the run hang on rows of the run only',
      ).toEqual([]);
    });
  });
});

async function makeTables(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await migrate(drizzle(client), {
      migrationsFolder: nxtPlan.schema.migrationsFolder,
      ...schemaBookkeeping(nxtPlan),
    });
  } finally {
    await client.end();
  }
}

function rowsThatWereThere(environment: RunEnvironment, ids: unknown[]): Promise<object[]> {
  return environment.query(
    'target',
    `select id, md5(c::text), xmin::text from customers c where id = any($1)
     union all select id, md5(s::text), xmin::text from suppliers s where id = any($1) order by id`,
    [ids],
  );
}
