import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { withLegacy, type MovedLegacy } from './moved-legacy.js';

/** Twelve customers, of whom 3, 7, 8 and 11 have no e-mail address and 5 has neither that nor a name. */
const customers = `
  create table legacy_customers (id integer primary key, customer_code text, company_name text, email text, credit_limit text);
  insert into legacy_customers
  select n, 'CUST-' || n, case when n = 5 then '' else 'Company ' || n end,
    case when n in (3, 5, 7, 8, 11) then 'none' else 'c' || n || '@example.com' end, n::text
  from generate_series(1, 12) n;`;

const mend = (legacy: MovedLegacy['legacy'], ...ids: number[]) =>
  legacy.query("update legacy_customers set email = 'mended' || id || '@example.com' where id = any($1)", [
    ids,
  ]);

const quarantine = async ({ target }: MovedLegacy) => {
  const { rows } = await target.query<{ id: string; reason: string; resolution: string | null }>(
    `select legacy_id as id, reason, resolution from migration.rejects order by legacy_id::int`,
  );
  return rows;
};

/** No row is there twice, none is lost, and the figures add up. */
async function expectWhole(moved: MovedLegacy, rejected: number): Promise<void> {
  const counts = await moved.counts('customers');
  expect(counts).toMatchObject({ read: 12, migrated: 12 - rejected, merged: 0, rejected });
  expect(await moved.value('select count(*)::int from customers')).toBe(12 - rejected);
  expect(
    await moved.value(
      'select count(distinct id)::int from (select unnest(target_uuids) as id from migration.lineage)',
    ),
  ).toBe(12 - rejected);
  expect(await moved.value('select count(*)::int from migration.rejects')).toBe(5);
  expect(await moved.value('select count(*)::int from migration.rejects where resolved_at is null')).toBe(
    rejected,
  );
  expect(await moved.verify('customers')).toEqual({ rows: 12, differences: 0, corrupted: 0 });
}

test('a row that was mended in the source moves and leaves the quarantine, which keeps what it was', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    expect(await moved.counts('customers')).toMatchObject({ read: 12, migrated: 7, rejected: 5 });
    await mend(moved.legacy, 3, 8);
    expect(await moved.retry('customers')).toEqual({ moved: 2 });
    expect(await moved.value("select email from customers where customer_code = 'CUST-8'")).toBe(
      'mended8@example.com',
    );
    const rows = await quarantine(moved);
    expect(rows.map(({ id, resolution }) => [id, resolution])).toEqual([
      ['3', 'moved again'],
      ['5', null],
      ['7', null],
      ['8', 'moved again'],
      ['11', null],
    ]);
    expect(await moved.value("select original->>'email' from migration.rejects where legacy_id = '8'")).toBe(
      'none',
    );
    await expectWhole(moved, 3);
  }));

test('a row that still does not pass stays once, with what is wrong with it now', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 5);
    await moved.legacy.query("update legacy_customers set customer_code = 'C' where id = 7");
    expect(await moved.retry('customers')).toEqual({ moved: 0 });
    const reasons = new Map((await quarantine(moved)).map(({ id, reason }) => [id, reason]));
    expect(reasons.get('5')).toBe('company_name: is required and missing');
    expect(reasons.get('7')).toMatch(/^customer_code: is shorter .*; email: is not/);
    expect(await moved.value("select column_name from migration.rejects where legacy_id = '5'")).toBe(
      'company_name',
    );
    expect(await moved.value("select count(*)::int from migration.ranges where kind <> 'key'")).toBe(0);
    await expectWhole(moved, 5);
  }));

test('a row that has left the source stays in quarantine as it is', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    const before = await quarantine(moved);
    await moved.legacy.query('delete from legacy_customers where id in (3, 5)');
    expect(await moved.retry('customers')).toEqual({ moved: 0 });
    expect(await quarantine(moved)).toEqual(before);
  }));

test('a second retry finds nothing to do', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 7, 8, 11);
    expect(await moved.retry('customers')).toEqual({ moved: 4 });
    expect(await moved.retry('customers')).toEqual({ moved: 0 });
    await expectWhole(moved, 1);
  }));

test('two retries side by side move every row once', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 7, 8, 11);
    const both = await Promise.all([
      moved.retry('customers'),
      moved.retry('customers'),
      moved.retry('customers'),
    ]);
    expect(both.reduce((sum, part) => sum + part.moved, 0)).toBe(4);
    await expectWhole(moved, 1);
  }));

test.each(['before-claim', 'in-copy', 'after-copy', 'before-commit', 'after-commit'] as const)(
  'a retry whose connection is lost at %s loses and doubles nothing',
  (lostAt) =>
    withLegacy(customers, async (moved) => {
      await moved.move('customers');
      await mend(moved.legacy, 3, 7, 8, 11);
      let passed = 0;
      let client: Client | undefined;
      const lost = moved.retry('customers', {
        connect: async () => {
          client = await moved.connect();
          client.on('error', () => undefined);
          return client;
        },
        at: (point) => {
          if (point === lostAt && ++passed === 2) cut(client);
        },
      });
      await expect(lost).rejects.toThrow(/connection|terminated|destroyed|not queryable/i);
      await moved.retry('customers');
      await expectWhole(moved, 1);
    }),
);

test('a step whose retry was killed is not complete for whoever finds it; one with nothing to retry stays so', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    const complete = () =>
      moved.target.query(`
        update migration.step_states set state = 'completed', ended_at = now() where step = 'customers';
        insert into migration.checkpoints (run, name) values ('retry', 'customers_completed')`);
    const standing = async () => {
      const { rows } = await moved.target.query(
        `select state, ended_at is not null as ended, (select count(*)::int from migration.checkpoints) as checkpoints
         from migration.step_states where step = 'customers'`,
      );
      return rows[0] as unknown;
    };
    await complete();
    await mend(moved.legacy, 3, 7, 8, 11);
    let client: Client | undefined;
    const killed = moved.retry('customers', {
      connect: async () => {
        client = await moved.connect();
        client.on('error', () => undefined);
        return client;
      },
      at: (point) => {
        if (point === 'before-claim') cut(client);
      },
    });
    await expect(killed).rejects.toThrow(/connection|terminated|destroyed|not queryable/i);
    expect(await standing()).toEqual({ state: 'running', ended: false, checkpoints: 0 });
    await expectWhole(moved, 5);

    await mend(moved.legacy, 5);
    await moved.legacy.query("update legacy_customers set company_name = 'Five' where id = 5");
    expect(await moved.retry('customers')).toEqual({ moved: 5 });
    expect(await standing()).toEqual({ state: 'running', ended: false, checkpoints: 0 });
    await complete();
    expect(await moved.retry('customers')).toEqual({ moved: 0 });
    expect(await standing()).toEqual({ state: 'completed', ended: true, checkpoints: 1 });
  }));

/** Ends a connection without a word to the server. */
function cut(client: Client | undefined): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

test('an emergency stop drops the page in hand, a pause commits it', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 7, 8, 11);
    const pause = new AbortController();
    const paused = await moved.retry('customers', {
      pause: pause.signal,
      at: (point) => {
        if (point === 'after-copy') pause.abort();
      },
    });
    expect(paused).toEqual({ moved: 1 });
    await expectWhole(moved, 4);
    const stop = new AbortController();
    const stopped = moved.retry('customers', {
      pause: stop.signal,
      signal: stop.signal,
      at: (point) => {
        if (point === 'after-copy') stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    await expectWhole(moved, 4);
    expect(await moved.retry('customers')).toEqual({ moved: 3 });
    await expectWhole(moved, 1);
  }));

test('a row that the target refuses stays in quarantine, the others of its page move', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 5, 7, 8, 11);
    await moved.legacy.query("update legacy_customers set company_name = 'refused' where id = 5");
    await moved.target.query(
      "alter table customers add constraint no_refused check (company_name <> 'refused')",
    );
    expect(await moved.retry('customers', { pageRows: 100 })).toEqual({ moved: 4 });
    expect((await quarantine(moved)).find(({ id }) => id === '5')?.reason).toMatch(/no_refused/);
    await expectWhole(moved, 1);
    // Its checksum is over the rows that are in: what is bent now was bent in the target.
    await moved.target.query(
      "update customers set email = 'bent@example.com' where customer_code = 'CUST-8'",
    );
    await moved.target.query('update migration.chunks set verified_at = null');
    expect(await moved.verify('customers')).toMatchObject({ differences: 1, corrupted: 1 });
  }));

test('verification finds a retried row that was bent in the target, and forgets it when it is mended', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 8);
    await moved.retry('customers');
    await moved.target.query("update customers set company_name = 'bent' where customer_code = 'CUST-8'");
    expect(await moved.verify('customers')).toEqual({ rows: 12, differences: 1, corrupted: 1 });
    const { rows } = await moved.target.query(
      'select legacy_id, column_name, kind from migration.differences',
    );
    expect(rows).toEqual([{ legacy_id: '8', column_name: 'company_name', kind: 'corruption' }]);
    await moved.target.query(
      "update customers set company_name = 'Company 8' where customer_code = 'CUST-8'",
    );
    expect((await moved.verify('customers')).differences).toBe(1);
    expect(await moved.verify('customers', { again: true })).toEqual({
      rows: 12,
      differences: 0,
      corrupted: 0,
    });
    expect(await moved.value('select count(*)::int from migration.differences')).toBe(0);
  }));

test('verification tells a retried row whose source has changed since from one that was bent', () =>
  withLegacy(customers, async (moved) => {
    await moved.move('customers');
    await mend(moved.legacy, 3, 8);
    await moved.retry('customers');
    await moved.legacy.query("update legacy_customers set company_name = 'Changed' where id = 8");
    await moved.legacy.query('delete from legacy_customers where id = 3');
    const { differences, corrupted } = await moved.verify('customers');
    expect({ differences, corrupted }).toEqual({ differences: 2, corrupted: 0 });
  }));

test('a key of several columns finds its row, also where two keys are one as text', () =>
  withLegacy(
    `create table legacy_customers (id text, region text, customer_code text, company_name text, email text,
       primary key (region, id));
     insert into legacy_customers values ('b', 'n,a', 'CODE-1', 'One', 'none'), ('a,b', 'n', 'CODE-2', 'Two', 'none'),
       ('c', 'n', 'CODE-3', 'Three', 'three@example.com');`,
    async (moved) => {
      await moved.move('customers');
      await moved.legacy.query(
        "update legacy_customers set email = 'one@example.com' where customer_code = 'CODE-1'",
      );
      expect(await moved.retry('customers')).toEqual({ moved: 1 });
      expect(
        await moved.value(
          "select original->>'customer_code' from migration.rejects where resolved_at is null",
        ),
      ).toBe('CODE-2');
      await moved.legacy.query(
        "update legacy_customers set email = 'two@example.com' where customer_code = 'CODE-2'",
      );
      expect(await moved.retry('customers')).toEqual({ moved: 1 });
      expect(await moved.value('select count(*)::int from customers')).toBe(3);
      expect(await moved.verify('customers')).toEqual({ rows: 3, differences: 0, corrupted: 0 });
    },
  ));
