/** Tables with everything that tends to break in a copy: names, types, generated columns, triggers, cycles. */
export const awkwardSchema = `
  create extension if not exists citext;
  create extension if not exists hstore;
  create type mood as enum ('sad', 'it''s "fine"', '');
  create type point3 as (x int, y text, z numeric);
  create domain short_text as varchar(20) check (value <> 'forbidden');
  create sequence shared_number;
  create sequence "own Number" start 5;

  create table "order" (
    "select" int generated always as identity primary key,
    "Größe ""in"" cm" numeric(12,2),
    "a.b, c" text,
    doubled numeric generated always as ("Größe ""in"" cm" * 2) stored,
    "🙂" varchar(5) default 'x' not null,
    parent int references "order" deferrable initially deferred,
    unique ("a.b, c") deferrable initially deferred
  );
  comment on constraint order_parent_fkey on "order" is 'a tree''s edge';

  create table types (
    id bigserial primary key,
    i2 smallint, i8 bigint, n numeric, n2 numeric(20,5), f4 real, f8 double precision, m money,
    b boolean, t text, c char(5), v varchar(10), nm name, ch "char",
    ts timestamp, tz timestamptz, d date, ti time, tiz timetz, iv interval,
    u uuid, j json, jb jsonb, by bytea, bi bit(3), vb bit varying,
    ip inet, ci cidr, mac macaddr, p point, bx box, r int4range, tr tstzrange, mr nummultirange,
    ts_v tsvector, x xml, oid_ oid, lsn pg_lsn,
    ia int[], ta text[][], na numeric[], ja jsonb[], tza timestamptz[],
    number int default nextval('"own Number"'),
    shared int default nextval('shared_number')
  );

  create table foreign_types (
    id int primary key, mood mood, moods mood[], point point3, short short_text, ct citext, h hstore,
    class regclass, at timestamptz, gone int
  );
  alter table foreign_types drop column gone;

  create table empty (id int primary key);
  create table no_key (a text, b text);
  create table outside (id int primary key, shared int default nextval('shared_number'));

  create table changes (what text);
  create function note() returns trigger language plpgsql as
    $$ begin insert into public.changes values (tg_op); return new; end $$;
  create trigger note_always after insert or update or delete on types for each row execute function note();
  alter table types enable always trigger note_always;
  create trigger note_never after insert on types for each row execute function note();
  alter table types disable trigger note_never;
  create trigger note_truncate after truncate on no_key for each statement execute function note();
`;

export const awkwardRows = `
  insert into "order" ("Größe ""in"" cm", "a.b, c", "🙂", parent) values
    (1.50, e'tab\\t newline\\n \\\\. back\\\\slash', '🙂🙂', 2), (null, '', 'x', 1), (0, null, 'y', null),
    ('NaN', '\\N', 'z', 3), (99.99, 'NULL', '  ', null);
  insert into types
    select g, -32768, 9223372036854775807, 'NaN', 1.10000, 'Infinity', 1e-300, '12.34',
      true, '', 'ab', '  x ', 'name', 'q',
      '0001-01-01 00:00:00.000001 BC', 'infinity', '-infinity', '24:00', '12:00:00.123456+05:30', '1 mon -3 days 04:05:06.7',
      '00000000-0000-0000-0000-00000000000f', '{"a" : 1.10, "a":2}', '{"n": 9007199254740993, "e": 1.10}', '\\x00ff0a', '101', '11111',
      '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '(1,2)', '(1,1),(0,0)', '[1,5)', '[2020-01-01,)', '{[1,2],(3,4)}',
      'a:1 cat', '<a>&amp;</a>', 4294967295, '16/B374D848',
      '[0:1]={1,null}', '{{a,"b,c"},{"",null}}', '{NaN,1.0}', array['{"a":1}'::jsonb, null], array['2020-01-01 00:00+02'::timestamptz]
    from generate_series(1, 3) g;
  insert into types (id) values (4), (9007199254740993);
  insert into foreign_types values
    (1, 'it''s "fine"', '{sad,NULL,""}', row(1, 'a,"b', 'NaN'), 'ok', 'MiXed', 'a=>1, b=>NULL', 'public."order"', now()),
    (2, '', null, row(null, null, null), '', '', '', 'pg_class', null),
    (3, null, null, null, null, null, null, null, null);
  insert into no_key values ('same', null), ('same', null), ('same', ''), (null, 'same');
  insert into outside values (1);
  select setval('"own Number"', 77, false);
  truncate changes;
`;

export const awkwardNames = ['order', 'types', 'foreign_types', 'empty', 'no_key'];
