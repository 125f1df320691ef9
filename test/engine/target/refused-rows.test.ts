import { expect, test } from 'vitest';
import { moveStep } from '../../../src/engine/move-step.js';
import { SharedReferences } from '../../../src/engine/references/shared-references.js';
import { makeCustomers, ref, withSurveyedCustomers, type SurveyedCustomers } from '../surveyed-customers.js';

const rows = 2_000;
const { signal } = new AbortController();

/** Moves the customers into a target that has been changed by `ddl`; which rows stayed out, with code and reason. */
async function moveInto(
  { step, source, client, connectTarget }: SurveyedCustomers,
  ddl: string,
): Promise<Map<number, string>> {
  await client.query(ddl);
  await moveStep(step, {
    database: source,
    connect: connectTarget,
    references: new SharedReferences(),
    limit: { rows: 400, bytes: 1 << 20 },
    pause: signal,
    signal,
    onCommit: () => undefined,
  });
  const rejects = await client.query<{ id: string; why: string }>(
    `select legacy_id as id, code || ' ' || reason as why from migration.rejects where run = $1`,
    [ref.run],
  );
  return new Map(rejects.rows.map(({ id, why }) => [Number(id), why]));
}

/** Numbers of the customers that are in. */
async function moved({ client }: SurveyedCustomers): Promise<number[]> {
  const found = await client.query<{ n: number }>(
    `select substr(customer_code, 6)::int as n from customers where customer_code like 'CUST-%' order by 1`,
  );
  return found.rows.map(({ n }) => n);
}

const all = Array.from({ length: rows }, (_, i) => i);

interface Refusal {
  readonly name: string;
  readonly ddl: string;
  readonly refuses: (n: number) => boolean;
  readonly why: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    name: 'a check, every hundredth row',
    ddl: `alter table customers add constraint no_hundred check (company_name not like '%00')`,
    refuses: (n) => n > 0 && n % 100 === 0,
    why: /^ERR_003 the target's check no_hundred refuses it$/,
  },
  {
    name: 'a check over several columns, in blocks',
    ddl: `alter table customers add constraint "a ""block""" check (not (email = 'c' || substr(customer_code, 6) || '@company.example' and length(company_name) = 11))`,
    refuses: (n) => n >= 100 && n <= 999,
    why: /^ERR_003 the target's check a "block" refuses it$/,
  },
  {
    name: 'a check that stumbles over some values',
    ddl: `alter table customers add constraint stumbles check (10 / (substr(customer_code, 6)::int % 50) >= 0)`,
    refuses: (n) => n % 50 === 0,
    why: /^ERR_003 the target cannot hold the value \(SQLSTATE 22012\)$/,
  },
  {
    name: 'keys that are taken',
    ddl: `create unique index one_mail on customers (email);
      insert into customers (id, customer_code, company_name, email, address, purchase_history, created_at, updated_at)
      select gen_random_uuid(), 'OLD-' || i, 'Old', 'c' || i || '@company.example', '{}', '[]', now(), now() from generate_series(7, 1990, 13) i`,
    refuses: (n) => n >= 7 && n <= 1990 && (n - 7) % 13 === 0,
    why: /^ERR_005 the target already holds a row with this key \(one_mail\)$/,
  },
  {
    name: 'keys that are taken in an index over an expression',
    ddl: `create unique index one_name on customers ((md5(company_name)));
      insert into customers (id, customer_code, company_name, email, address, purchase_history, created_at, updated_at)
      select gen_random_uuid(), 'OLD-' || i, 'Company ' || i, 'old', '{}', '[]', now(), now() from generate_series(1, 2000, 40) i`,
    refuses: (n) => n % 40 === 1,
    why: /^ERR_005 the target already holds a row with this key \(one_name\)$/,
  },
  {
    name: 'keys that rows share among themselves',
    ddl: `create unique index one_end on customers (right(company_name, 3));
      create unique index one_length on customers (address) where length(company_name) = 10`,
    refuses: (n) => n >= 1_100 || (n > 10 && n < 100),
    why: /^ERR_005 the target already holds a row with this key \(one_(end|length)\)$/,
  },
  {
    name: 'parents that are missing',
    ddl: `create table known (name varchar(255) primary key);
      insert into known select 'Company ' || i from generate_series(1, 2000) i where i % 33 <> 0;
      alter table customers add constraint known_name foreign key (company_name) references known`,
    refuses: (n) => n % 33 === 0,
    why: /^ERR_004 the row it refers to does not exist \(known_name\)$/,
  },
  {
    name: 'parents that are missing, looked for at the commit',
    ddl: `create table known_late (name varchar(255) primary key);
      insert into known_late select 'Company ' || i from generate_series(1, 2000) i where i % 250 <> 0;
      alter table customers add constraint known_late foreign key (company_name) references known_late
        deferrable initially deferred`,
    refuses: (n) => n % 250 === 0,
    why: /^ERR_004 the row it refers to does not exist \(known_late\)$/,
  },
  {
    name: 'a trigger',
    ddl: `create function refuse() returns trigger language plpgsql as $$ begin
        if new.company_name like '%77' then raise exception 'not this one'; end if; return new; end $$;
      create trigger refuse before insert on customers for each row execute function refuse()`,
    refuses: (n) => n % 100 === 77,
    why: /^ERR_003 a trigger of the target refuses it$/,
  },
];

test.each(refusals.map((refusal) => [refusal.name, refusal] as const))(
  'rows that the target refuses stay out, all others are in: %s',
  (_, { ddl, refuses, why }) =>
    withSurveyedCustomers(
      (url) => makeCustomers(url, rows),
      async (customers) => {
        const out = await moveInto(customers, ddl);
        expect([...out.keys()].toSorted((a, b) => a - b)).toEqual(all.filter(refuses));
        for (const reason of out.values()) expect(reason).toMatch(why);
        expect(await moved(customers)).toEqual(all.filter((n) => !refuses(n)));
      },
    ),
);

test('several at once, and a row that breaks two of them is refused once', () =>
  withSurveyedCustomers(
    (url) => makeCustomers(url, rows),
    async (customers) => {
      const some = refusals.filter(({ name }) => /every hundredth|stumbles|missing|trigger/.test(name));
      const out = await moveInto(customers, some.map(({ ddl }) => ddl).join(';'));
      const bad = all.filter((n) => some.some(({ refuses }) => refuses(n)));
      expect([...out.keys()].toSorted((a, b) => a - b)).toEqual(bad);
      expect(await moved(customers)).toEqual(all.filter((n) => !bad.includes(n)));
    },
  ));

test('the transactions that wrote the rows are noted, however they came in', () =>
  withSurveyedCustomers(
    (url) => makeCustomers(url, rows),
    async (customers) => {
      const some = refusals.filter(({ name }) => /every hundredth|trigger/.test(name));
      await moveInto(customers, some.map(({ ddl }) => ddl).join(';'));
      const strange = await customers.client.query(
        `select from customers t where not exists (
           select from migration.chunks c where t.xmin::text::bigint = any(c.xids))`,
      );
      expect(strange.rowCount).toBe(0);
    },
  ));
