import { Client } from 'pg';

/**
 * A town library's legacy database, made by hand for the plan in test/data/plans/library: integer keys with gaps and
 * negative ones, text keys whose order depends on the collation, composite keys, and shelves before the ones they stand in.
 */
const tables = `
  create table old_shelf (shelf_no integer primary key, label text, parent_no integer);
  create table old_book (
    book_no bigint primary key, title text, isbn text, shelf_no integer, shelf_label text, pages text, bought_on date,
    signature text, donor text);
  create table old_periodical (
    periodical_no bigint primary key, title text, short_title text, issn text, shelf_label text, bought_on date,
    running text, signature text);
  create table old_loan (
    book_no bigint, loan_no integer, reader text, card text, taken_from text, lent_at timestamp, returned_at timestamp,
    primary key (loan_no, book_no));
  create table "Old Readers" ("Card ""No""" text collate "und-x-icu" primary key, "Full Name" text)`;

/** 60 good shelves, each in one that comes later, and those that are wrong. */
const shelves = `
  insert into old_shelf select n * 3 - 50, 'Shelf ' || n, case when n < 60 then (n + 1) * 3 - 50 end
  from generate_series(1, 60) n;
  insert into old_shelf values
    (1001, 'Round', 1002), (1002, 'About', 1001), (1003, 'Klein bottle', 1003),
    (1004, 'In nothing', 4711), (1005, '  ', null), (1006, 'In a rejected one', 1005)`;

/** Cards in three spellings each: their order is another one in C than in any language. */
const readers = `
  insert into "Old Readers"
  select card, 'Reader ' || card
  from generate_series(1, 40) n cross join lateral (values ('b' || n), ('B' || n), ('ß-' || n), ('É ' || n)) c(card);
  insert into "Old Readers" values ('', 'Empty card'), (' b1', 'Blank before'), ('_', 'Underscore'), ('10', 'Ten'), ('9', 'Nine'), ('nobody', null)`;

const books = `
  insert into old_book
  select n * 7 - 500, 'Book ' || n, '978' || lpad(n::text, 10, '0'), (n % 60 + 1) * 3 - 50, null, '1' || n, date '1990-01-01' + n,
    'S' || n, case when n % 3 = 0 then 'Mrs ' || n end
  from generate_series(1, 200) n;
  insert into old_book values
    (9007199254740993, 'Beyond doubles', '9990000000001', null, 'shelf 7', '10', '2001-01-01', null, null),
    (-9007199254740993, 'Below them', '9990000000002', 4711, 'SHELF 8', '0', null, null, null),
    (5001, null, '9990000000003', null, null, '5', null, null, null),
    (5002, 'Short number', '123', null, null, '5', null, null, null),
    (5003, 'First', '99900000x', null, null, '5', '2001-01-02', null, null),
    (5004, 'First of two', '999000000x', null, null, '5', '2001-01-02', null, null),
    (5005, 'Second of two', '999000000X', null, null, '5', '2001-01-01', null, null),
    (5006, 'On no shelf', '9990000000006', 4711, null, '5', null, null, null);
  insert into old_periodical
  select n * 11 + 100000, case when n % 2 = 0 then 'Weekly ' || n end, 'W' || n, '1234-' || lpad(n::text, 4, '0'), 'Shelf ' || n, null,
    case when n % 5 = 0 then null when n % 2 = 0 then 'Y' else 'no' end, null
  from generate_series(1, 40) n;
  insert into old_periodical values (200001, 'Perhaps', null, '1234-9999', null, null, 'perhaps', null)`;

const loans = `
  insert into old_loan
  select n % 50 * 7 - 493, n / 50 - 2, case when n % 4 = 0 then 'Name ' || n end,
    case n % 3 when 0 then 'b' when 1 then 'B' else 'ß-' end || (n % 40 + 1), 'shelf ' || (n % 60 + 1),
    timestamp '2020-01-01' + n * interval '1 hour', case when n % 2 = 0 then timestamp '2021-01-01' end
  from generate_series(0, 299) n;
  insert into old_loan values
    (9007199254740993, 1, null, 'É 1', 'Attic', '2020-01-01', null),
    (100011, 1, null, 'é 1', null, '2020-01-01', null),
    (5001, 1, null, null, null, '2020-01-01', null),
    (5004, 1, null, null, null, '2020-01-01', null),
    (4711, 1, null, null, null, '2020-01-01', null),
    (-493, 99, null, null, null, null, null)`;

export async function seedLibrary(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const sql of [tables, shelves, readers, books, loans]) await client.query(sql);
  } finally {
    await client.end();
  }
}
