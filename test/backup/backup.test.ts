import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBackup } from '../../src/backup/create-backup.js';
import { compareFingerprints, fingerprint } from '../../src/backup/fingerprint.js';
import { proveBackup } from '../../src/backup/prove-backup.js';
import { restoreBackup } from '../../src/backup/restore-backup.js';
import type { BackupProgress } from '../../src/backup/types.js';
import { listBackups, verifyBackup } from '../../src/backup/verify-backup.js';
import { awkwardNames, awkwardRows, awkwardSchema } from './awkward-tables.js';
import { testServer, unwatched, type TestDatabase, type TestServer } from './databases.js';

let server: TestServer;
let target: TestDatabase;
let backup: TestDatabase;

const now = new Date('2025-01-19T10:30:00Z');
const tables = awkwardNames;

function create(run: string, more: { name?: string; tables?: readonly string[] } = {}) {
  return createBackup({ target, backup, tables, run, now, ...unwatched(), ...more });
}
function restore(name: string, more: { tables?: readonly string[]; intoOtherDatabase?: boolean } = {}) {
  return restoreBackup({ target, backup, name, ...unwatched(), ...more });
}
const look = () => fingerprint({ target, tables: [...tables, 'outside', 'changes'], ...unwatched() });

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

let count = 0;
beforeEach(async () => {
  count++;
  target = await server.database(`Target "${count}"`, 'target');
  backup = await server.database(`backup ${count}`, 'backup');
  await target.query(awkwardSchema);
  await target.query(awkwardRows);
});

describe('creating', () => {
  test('a backup holds every table with its counts, types and sequences, under the name of its time', async () => {
    const before = await look();
    const seen: BackupProgress[] = [];
    const manifest = await createBackup({
      target,
      backup,
      tables,
      run: 'r',
      now,
      signal: new AbortController().signal,
      progress: (progress) => seen.push(progress),
    });

    expect(manifest.name).toBe('backup_2025-01-19_10-30-00');
    expect(manifest.tables.map(({ table, rows, format }) => [table, rows, format])).toEqual([
      ['order', 5, 'binary'],
      ['types', 5, 'binary'],
      ['foreign_types', 3, 'text'],
      ['empty', 0, 'binary'],
      ['no_key', 4, 'binary'],
    ]);
    const [order, types, foreign] = manifest.tables;
    expect(order?.columns).toContainEqual({
      name: 'doubled',
      type: 'numeric',
      storedAs: 'numeric',
      notNull: false,
      expression: `("Größe ""in"" cm" * (2)::numeric)`,
      generated: true,
      identity: null,
    });
    expect(order?.columns[0]).toMatchObject({
      name: 'select',
      type: 'integer',
      notNull: true,
      identity: 'always',
    });
    expect(types?.sequences).toEqual([
      { schema: 'public', name: 'own Number', lastValue: '77', isCalled: false },
      { schema: 'public', name: 'types_id_seq', lastValue: '1', isCalled: false },
    ]);
    expect(foreign?.columns.map(({ storedAs }) => storedAs)).toEqual([
      'integer',
      'text',
      'text',
      'text',
      'text',
      'text',
      'text',
      'text',
      'timestamp with time zone',
    ]);
    expect(seen.map(({ doing, table }) => `${doing} ${table}`)).toEqual(
      expect.arrayContaining(tables.flatMap((table) => [`copying ${table}`, `comparing ${table}`])),
    );
    expect(await listBackups(backup, new AbortController().signal)).toEqual([manifest]);
    expect(compareFingerprints(before, await look())).toEqual([]);
    const proved = await proveBackup({ backup, name: manifest.name, ...unwatched() });
    expect(proved).toEqual(manifest);
    expect(
      await backup.query(`select nspname from pg_namespace where nspname like 'migration\\_proof%'`),
    ).toEqual([]);
  });

  test('two runs in one second get two names, and a whole backup is returned to its own run', async () => {
    const first = await create('a');
    const other = await create('b');
    expect(other.name).toBe('backup_2025-01-19_10-30-00_2');
    expect(await create('a')).toEqual(first);
    const named = await create('c', { name: 'Before "the" move' });
    expect(named.name).toBe('Before "the" move');
    expect((await verifyBackup({ backup, name: named.name, ...unwatched() })).damage).toEqual([]);
  });

  test('a run whose target has changed since its backup gets a fresh one', async () => {
    const first = await create('a');
    await target.query(`insert into no_key values ('new', 'row')`);
    const second = await create('a');
    expect(second.name).not.toBe(first.name);
    expect(second.tables[4]?.rows).toBe(5);
  });

  test('all tables are of one instant', async () => {
    const progress = ({ table, doing }: BackupProgress) => {
      if (table === 'order' && doing === 'comparing') changed ??= target.query(`delete from no_key`);
    };
    let changed: Promise<unknown> | undefined;
    const options = { target, backup, tables, run: 'r', now };
    const manifest = await createBackup({ ...options, signal: new AbortController().signal, progress });
    await changed;
    expect(manifest.tables[4]?.rows).toBe(4);
  });

  test('missing tables, no tables and unusable names are refused by name', async () => {
    await expect(create('r', { tables: ['types', 'nowhere', 'x'] })).rejects.toMatchObject({
      code: 'ERR_002',
      message: 'The target database has no table nowhere, x in schema public.',
    });
    await expect(create('r', { tables: [] })).rejects.toMatchObject({ code: 'ERR_002' });
    await expect(create('r', { name: 'pg_backup' })).rejects.toMatchObject({ code: 'ERR_002' });
    await expect(restore('other')).rejects.toMatchObject({ next: 'There are no backups; create one first.' });
  });

  test('rows that row-level security would hide are an error, never a smaller backup', async () => {
    await target.query(`
      create role "limited ${count}" login password 'x' in role pg_read_all_data;
      alter table no_key enable row level security`);
    const url = new URL(target.url);
    url.username = `limited ${count}`;
    url.password = 'x';
    const limited = { label: 'target', config: { connectionString: url.href } };
    await expect(
      createBackup({ target: limited, backup, tables: ['no_key'], run: 'r', now, ...unwatched() }),
    ).rejects.toMatchObject({
      code: 'ERR_002',
      message: expect.stringContaining('row-level security'),
    });
  });
});

describe('verifying', () => {
  test('changed, lost and dropped data is told table by table, and such a backup cannot be proved or restored', async () => {
    const { name } = await create('r');
    const before = await look();
    await backup.query(`
      update "${name}".types set t = 'x' where id = 2;
      delete from "${name}".foreign_types where id = 3;
      drop table "${name}".empty;
      alter table "${name}".no_key drop column b`);
    const { damage } = await verifyBackup({ backup, name, ...unwatched() });
    expect(damage.map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining('Table types of backup'),
      `Table foreign_types of backup ${name} has 2 rows instead of 3.`,
      `Table empty is missing from backup ${name}.`,
      `Table no_key of backup ${name} has lost the columns b.`,
    ]);
    await expect(proveBackup({ backup, name, ...unwatched() })).rejects.toMatchObject({ code: 'ERR_009' });
    await target.query(`delete from types where id = 1`);
    const damaged = await look();
    await expect(restore(name, { tables: ['types'] })).rejects.toMatchObject({ code: 'ERR_009' });
    expect(compareFingerprints(damaged, await look())).toEqual([]);
    expect(compareFingerprints(before, damaged)).not.toEqual([]);
  });

  test('a damaged manifest is told as damage', async () => {
    const { name } = await create('r');
    await backup.query(`update migration_backup.manifests set manifest = manifest #- '{tables,0,rows}'`);
    await expect(verifyBackup({ backup, name, ...unwatched() })).rejects.toMatchObject({
      code: 'ERR_009',
      message: `The manifest of backup ${name} is damaged (tables.0.rows).`,
    });
  });
});

describe('restoring', () => {
  const wreck = `
    update types set t = 'changed' where id = 1;
    delete from "order" where "select" = 3 or parent = 3;
    insert into "order" ("a.b, c") values ('new');
    update foreign_types set mood = null, h = 'z=>1';
    insert into empty values (1);
    truncate no_key;
    select nextval('"own Number"'), nextval('types_id_seq'), nextval('order_select_seq');
    truncate changes`;

  test('after damage everything is as it was: rows, sequences, keys, triggers; others are not touched', async () => {
    const before = await look();
    const { name } = await create('r');
    await target.query(wreck);
    expect(compareFingerprints(before, await look()).length).toBeGreaterThan(6);
    await restore(name);
    expect(compareFingerprints(before, await look())).toEqual([]);
    expect(
      await target.query(
        `select obj_description(oid, 'pg_constraint') as text from pg_constraint where conname = 'order_parent_fkey'`,
      ),
    ).toEqual([{ text: "a tree's edge" }]);
    await restore(name);
    expect(compareFingerprints(before, await look())).toEqual([]);
  });

  test('only the tables asked for are restored', async () => {
    const { name } = await create('r');
    await target.query(wreck);
    await restore(name, { tables: ['no_key'] });
    expect(await target.query('select count(*)::int as n from no_key')).toEqual([{ n: 4 }]);
    expect(await target.query('select count(*)::int as n from empty')).toEqual([{ n: 1 }]);
    await expect(restore(name, { tables: ['outside'] })).rejects.toMatchObject({
      code: 'ERR_002',
      message: `Backup ${name} does not hold outside.`,
    });
  });

  test('rows of other tables that point at vanishing rows are named and nothing changes; else the key stays', async () => {
    const { name } = await create('r');
    await target.query(`
      insert into empty values (1);
      create table child (id int primary key, empty_id int references empty on delete cascade, types_id bigint references types);
      insert into child values (1, null, 4)`);
    await restore(name);
    expect(await target.query('select * from child')).toEqual([{ id: 1, empty_id: null, types_id: '4' }]);
    expect(
      await target.query(
        `select conname from pg_constraint where conrelid = 'child'::regclass and contype = 'f'`,
      ),
    ).toHaveLength(2);

    await target.query(`insert into empty values (1); insert into child values (2, 1, 4)`);
    const state = await look();
    await expect(restore(name)).rejects.toMatchObject({
      code: 'ERR_004',
      message: `1 rows of child point (empty_id) at rows of empty that are not in backup ${name} and would vanish.`,
    });
    expect(compareFingerprints(state, await look())).toEqual([]);
  });

  test('a changed schema and another database are refused', async () => {
    const { name } = await create('r');
    await target.query('alter table empty add column more text');
    await expect(restore(name)).rejects.toMatchObject({
      code: 'ERR_002',
      message: `Table empty is not as it was when backup ${name} was made: column more is new.`,
    });
    const other = await server.database(`other ${count}`, 'target');
    await other.query(awkwardSchema);
    const options = { target: other, backup, name, ...unwatched() };
    await expect(restoreBackup(options)).rejects.toMatchObject({ code: 'ERR_002' });
    await restoreBackup({ ...options, intoOtherDatabase: true });
    const there = await fingerprint({ target: other, tables, ...unwatched() });
    await target.query('alter table empty drop column more');
    expect(compareFingerprints(await fingerprint({ target, tables, ...unwatched() }), there)).toEqual([]);
  });

  test('partitioned and inherited tables keep their own rows', async () => {
    await target.query(`
      create table parted (id int, kind text) partition by list (kind);
      create table parted_a partition of parted for values in ('a');
      create table parted_b partition of parted default;
      insert into parted values (1, 'a'), (2, 'b');
      create table base (id int);
      create table derived () inherits (base);
      insert into base values (1);
      insert into derived values (2)`);
    const { name, tables: held } = await create('r', { tables: ['parted', 'base'] });
    expect(held.map(({ rows }) => rows)).toEqual([2, 1]);
    await target.query('delete from parted; delete from only base');
    await restore(name);
    expect(await target.query('select id from parted_a union all select id from base order by 1')).toEqual([
      { id: 1 },
      { id: 1 },
      { id: 2 },
    ]);
  });
});
