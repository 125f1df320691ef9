import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { compareFingerprints, fingerprint, type Fingerprint } from '../../src/backup/fingerprint.js';
import { testServer, unwatched, type TestDatabase, type TestServer } from './databases.js';

let server: TestServer;
let target: TestDatabase;

beforeAll(async () => {
  server = await testServer();
  target = await server.database('target', 'target');
});
afterAll(() => server.close());

beforeEach(async () => {
  await target.query(`
    drop table if exists copy, things, "a: b";
    create table things (id serial primary key, name text, note bytea);
    create index things_name on things (name);
    insert into things (name, note) select 'thing ' || g, '\\x0102' from generate_series(1, 1000) g;
    create table "a: b" ("x: 1" int, "x: 2" int)`);
});

const tables = ['things', 'a: b', 'not there'];
const look = () => fingerprint({ target, tables, ...unwatched() });

/** What the change does to the fingerprint, as sentences. */
async function seen(change: string): Promise<string[]> {
  const before = await look();
  await target.query(change);
  // As it comes back from where it was kept.
  const kept: Fingerprint = JSON.parse(JSON.stringify(before));
  return compareFingerprints(kept, await look()).map(({ sentence }) => sentence);
}

test('nothing has changed when nothing has, whatever the order of rows, columns and settings', async () => {
  expect(
    await seen(`
      create table copy (note bytea, name text, id int not null default nextval('things_id_seq'));
      insert into copy select note, name, id from things order by id desc;
      update things set name = name;
      alter database target set timezone = 'Asia/Tokyo';
      alter database target set extra_float_digits = -15`),
  ).toEqual([]);
});

test.each([
  [
    'one changed byte',
    `update things set note = '\\x0103' where id = 500`,
    /^Table things still has 1000 rows, but their contents/,
  ],
  ['NULL made empty', `update things set name = '' where id = 1`, /contents have changed/],
  [
    'two values swapped',
    `update things set name = case id when 1 then 'thing 2' else 'thing 1' end where id < 3`,
    /contents/,
  ],
  ['a row gone', 'delete from things where id = 3', /^Table things had 1000 rows and now has 999\.$/],
  [
    'a sequence that moved',
    `select nextval('things_id_seq')`,
    /^Sequence "public"\."things_id_seq" of table things was at 1000 and now is at 1001\.$/,
  ],
  [
    'a dropped index',
    'drop index things_name',
    /^Table things has lost its index things_name \(CREATE INDEX/,
  ],
  ['a new constraint', 'alter table things add check (id > 0)', /has got a new constraint things_id_check/],
  [
    'another default',
    `alter table things alter name set default 'x'`,
    /has another column name: it was text and now is text default 'x'::text/,
  ],
  ['a table made', 'create table "not there" ()', /^Table not there did not exist and now does\.$/],
  ['a table dropped', 'drop table "a: b"', /^Table a: b does not exist any more\.$/],
])('%s is seen', async (_what, change, sentence) => {
  const sentences = await seen(change);
  await target.query('drop table if exists "not there"');
  expect(sentences).toEqual([expect.stringMatching(sentence)]);
});

test('a row that became two and one that became none do not cancel each other', async () => {
  await target.query('create table bag (v int); insert into bag values (1), (1), (2), (2)');
  const before = await fingerprint({ target, tables: ['bag'], ...unwatched() });
  await target.query('truncate bag; insert into bag values (3), (3), (2), (2)');
  expect(
    compareFingerprints(before, await fingerprint({ target, tables: ['bag'], ...unwatched() })),
  ).toHaveLength(1);
});
