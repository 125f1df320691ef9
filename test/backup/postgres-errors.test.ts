import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MigrationError } from '../../src/contract/errors.js';
import { databaseError } from '../../src/store/postgres-errors.js';
import { quoteIdent, quoteLiteral, quoteName } from '../../src/store/quote.js';
import { testServer, type TestDatabase, type TestServer } from './databases.js';

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
  database = await server.database('target', 'target');
  await database.query(`
    create table parent (id int primary key, email text unique, age int check (age > 0));
    create table child (parent_id int not null references parent);
    insert into parent values (1, 'ada@example.org', 36)`);
});
afterAll(() => server.close());

/** The server's own error for the statement, mapped. */
async function mapped(sql: string): Promise<MigrationError> {
  const error = databaseError(await database.query(sql).catch((cause: unknown) => cause), 'target');
  if (!(error instanceof MigrationError)) throw new Error(`not mapped: ${String(error)}`);
  return error;
}

/** As PL/pgSQL raises what a test cannot bring about, such as a full disk. */
const raise = (state: string) => `do $$ begin raise exception 'no room' using errcode = '${state}'; end $$`;

test.each([
  [`insert into parent values (2, 'ada@example.org', 1)`, 'ERR_005', false],
  ['insert into child values (9)', 'ERR_004', false],
  ['insert into child values (null)', 'ERR_003', false],
  [`insert into parent values (3, 'x', -36)`, 'ERR_003', false],
  [`select 'ada@example.org'::int`, 'ERR_003', false],
  ['select * from nowhere', 'ERR_002', false],
  ['set statement_timeout = 1; select pg_sleep(1)', 'ERR_006', true],
  [raise('53100'), 'ERR_008', false],
  [raise('53200'), 'ERR_007', true],
  [raise('53300'), 'ERR_001', true],
  [raise('57P01'), 'ERR_001', true],
  [raise('40P01'), 'ERR_001', true],
  [raise('28P01'), 'ERR_001', false],
  [raise('XX001'), 'ERR_009', false],
  [raise('P0001'), 'ERR_003', false],
])('%s is %s', async (sql, code, transient) => {
  const error = await mapped(sql);
  await database.query('reset statement_timeout');
  expect(error).toMatchObject({ code, transient, place: { server: 'target' } });
  expect(error.next).not.toBe('');
});

test('a row that was refused is told by its table and constraint, never by its values', async () => {
  const error = await mapped(`insert into parent values (2, 'ada@example.org', 1)`);
  expect(error.message).toBe(
    'The target database refused a row because its key is taken (SQLSTATE 23505; table parent, constraint parent_email_key).',
  );
  expect(error.place).toEqual({ server: 'target', table: 'parent' });
  const everything = inspect(error, { depth: null, showHidden: true });
  expect(everything).not.toContain('ada@');
});

test('what no database raised comes back as it is', () => {
  const fault = new TypeError('x is not a function');
  expect(databaseError(fault, 'target')).toBe(fault);
  const known = new MigrationError('ERR_009', 'Damaged.', { next: 'Stop.' });
  expect(databaseError(known, 'target')).toBe(known);
});

test.each([
  'plain',
  'Order',
  'select',
  `a "quoted" 'name'`,
  'semi; drop table parent; --',
  'Größe 🙂',
  '\\',
  ' ',
])('the name and text %s reach the server as they are', async (text) => {
  const rows = await database.query(`select ${quoteLiteral(text)} as ${quoteIdent(text)}`);
  expect(rows).toEqual([{ [text]: text }]);
  expect(quoteName('public', text)).toBe(`"public".${quoteIdent(text)}`);
});
