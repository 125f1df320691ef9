import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPlan } from '../../../src/plan/registry.js';
import { seedLibrary } from '../../e2e/library-legacy.js';
import { queryMysql, startMysqlServer, type MysqlTestServer } from '../../helpers/mysql-servers.js';
import { createRunEnvironment, type RunEnvironment } from '../../helpers/run-environment.js';
import { changedInSource, tracedLegacy } from './traced-legacy.js';
import { columnOf, moveSteps, onlyRow, trace } from './traced-run.js';
import path from 'node:path';

describe('a plan of somebody else', () => {
  let environment: RunEnvironment;
  beforeAll(async () => {
    environment = await createRunEnvironment({
      MIGRATION_PLANS: path.resolve(import.meta.dirname, '../../data/plans/library/plan.ts'),
    });
    await seedLibrary(environment.source.url);
    await environment.run({ plan: 'library', batchSizes: { default: 7 } });
  }, 300_000);
  afterAll(() => environment?.close());

  const rowOf = async (table: string, id: string) =>
    onlyRow(await trace(environment, { table, id }, findPlan('library')));

  test('names a row with a composite key by its parts, on either side', async () => {
    const answer = await rowOf('old_loan', '100011,1');
    expect(answer).toMatchObject({
      outcome: 'migrated',
      legacy: { table: 'old_loan', id: '100011,1' },
      target: { table: 'loans', id: '100011,1', present: true },
      source: { state: 'read' },
    });
    expect(answer.columns.filter(({ change }) => change !== null)).toEqual([]);
    expect(answer.links).toMatchObject([
      { column: 'book_id', legacyId: '100011', by: 'id', target: { table: 'books', id: '100011' } },
      { column: 'reader_card' },
    ]);
    expect(await rowOf('loans', '100011,1')).toEqual(answer);
    expect(await rowOf('loans', '4711,1')).toMatchObject({
      outcome: 'rejected',
      rejects: [{ code: 'ERR_004', column: 'book_no' }],
      source: { state: 'read' },
    });
    expect(await trace(environment, { table: 'loans', id: 'a,b' }, findPlan('library'))).toMatchObject({
      rows: [],
      unknown: { inSource: [], inTarget: [] },
    });
  });

  test('keeps integer and text keys, which differ in case only', async () => {
    expect(await rowOf('books', '9007199254740993')).toMatchObject({
      legacy: { table: 'old_book', id: '9007199254740993' },
      target: { id: '9007199254740993' },
    });
    for (const card of ['b1', 'B1', ' b1', 'ß-1'])
      expect(await rowOf('readers', card)).toMatchObject({
        legacy: { table: 'Old Readers', id: card },
        target: { table: 'readers', id: card, present: true },
      });
    expect(columnOf(await rowOf('books', '-493'), 'times_lent')).toMatchObject({
      target: { value: '6' },
      made: 'counted',
      change: null,
    });
    expect((await rowOf('shelves', '1001')).links).toMatchObject([
      { column: 'inside_id', legacyId: '1002', by: 'id', legacy: { table: 'old_shelf', id: '1002' } },
    ]);
  });
});

describe('a source on MySQL', () => {
  let server: MysqlTestServer;
  let environment: RunEnvironment;
  beforeAll(async () => {
    server = await startMysqlServer('MySQL');
    const { url } = await server.createDatabase('legacy');
    for (const statement of tracedLegacy) await queryMysql(url, statement);
    environment = await createRunEnvironment({ SOURCE_DATABASE_URL: url });
    await moveSteps(environment, 'trace-mysql', async () => undefined);
    for (const statement of changedInSource) await queryMysql(url, statement);
  }, 300_000);
  afterAll(async () => {
    await environment?.close();
    await server?.close();
  });

  const rowOf = async (table: string, id: string) => onlyRow(await trace(environment, { table, id }));

  test('is read and compared as PostgreSQL is', async () => {
    for (const [table, id, outcome] of [
      ['customers', 'customer-17', 'migrated'],
      ['suppliers', 'vendor-1', 'merged'],
      ['products', '2', 'migrated'],
      ['inventory', '901', 'migrated'],
      ['price-lists', 'list-1', 'migrated'],
      ['price-list-items', 'item-1', 'migrated'],
      ['customers', 'customer-19', 'rejected'],
    ] as const) {
      const answer = await rowOf(table, id);
      expect(answer).toMatchObject({ outcome, source: { state: 'read', changed: null } });
      expect(answer.columns.filter(({ change }) => change !== null)).toEqual([]);
    }
    expect(columnOf(await rowOf('customers', 'customer-17'), 'company_name')).toMatchObject({
      from: [{ column: 'company_name', value: { value: '  Acme Trading ' } }],
      made: 'trimmed',
    });
    expect(await rowOf('customers', 'customer-22')).toMatchObject({ source: { changed: true } });
    expect(await rowOf('customers', 'customer-23')).toMatchObject({ source: { state: 'gone' } });
    expect(await trace(environment, { table: 'products', id: 'no number' })).toMatchObject({ rows: [] });
  });
});
