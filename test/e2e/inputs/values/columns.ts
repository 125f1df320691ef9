import {
  boolean,
  date,
  decimal,
  identity,
  integer,
  json,
  text,
  timestamp,
} from '../../../../src/plan/builder.js';
import type { ValueColumn } from './value-column.js';

const types = (postgres: string, mysql: string, mariadb = mysql): ValueColumn['types'] => ({
  postgres,
  mysql,
  mariadb,
});
const mysqlTypes = (mysql: string, mariadb = mysql): ValueColumn['types'] => ({ mysql, mariadb });

const instant = ['2021-07-15 12:00:00.123456', '2021-07-15 12:00:00.123456+00'] as const;
const plainText = [`'plain'`, 'plain'] as const;

/** Every kind of column and of rule that an odd value can meet. Local times are those of Berlin. */
export const columns = {
  day: {
    types: types('date', 'date'),
    plain: [`'2020-02-29'`, '2020-02-29'],
    target: 'date',
    rule: (name) => date(name),
  },
  day_needed: {
    types: types('date', 'date'),
    plain: [`'2020-02-29'`, '2020-02-29'],
    target: 'date not null',
    rule: (name) => date(name, { required: true }),
  },
  local_time: {
    types: types('timestamp', 'datetime(6)'),
    plain: [`'2021-07-15 12:00:00.123456'`, '2021-07-15 10:00:00.123456+00'],
    target: 'timestamptz',
    rule: (name) => timestamp(name),
  },
  local_time_or_now: {
    types: types('timestamp', 'datetime(6)'),
    plain: [`'2021-01-15 12:00:00'`, '2021-01-15 11:00:00+00'],
    target: 'timestamptz not null',
    rule: (name) => timestamp(name, { default: 'run' }),
  },
  instant: {
    types: types('timestamptz', 'timestamp(6) null'),
    plain: [`'${instant[0]}'`, instant[1]],
    target: 'timestamptz',
    rule: (name) => timestamp(name),
  },
  span: {
    types: types('interval', 'time(6)'),
    plain: [`'12:00:00.5'`, ''],
    target: 'text',
    rule: (name) => text(name),
  },
  vintage: {
    types: types('smallint', 'year'),
    plain: ['1999', '1999'],
    target: 'integer',
    rule: (name) => integer(name),
  },
  amount: {
    types: types('numeric', 'decimal(65,30)'),
    plain: ['19.9', '19.90'],
    target: 'numeric(10,2)',
    rule: (name) => decimal(name, { precision: 10, scale: 2 }),
  },
  wide: {
    types: types('numeric', 'decimal(65,30)'),
    plain: ['1', '1.000000000000000000000000000000'],
    target: 'numeric(65,30)',
    rule: (name) => decimal(name, { precision: 65, scale: 30 }),
  },
  amount_text: {
    types: types('text', 'text'),
    plain: [`'19.9'`, '19.90'],
    target: 'numeric(10,2)',
    rule: (name) => decimal(name, { precision: 10, scale: 2 }),
  },
  ratio: {
    types: types('double precision', 'double'),
    plain: ['0.1', '0.10'],
    target: 'numeric(10,2)',
    rule: (name) => decimal(name, { precision: 10, scale: 2 }),
  },
  counter: {
    types: types('numeric', 'bigint unsigned'),
    plain: ['42', '42'],
    target: 'numeric(20,0)',
    rule: (name) => decimal(name, { precision: 20, scale: 0 }),
  },
  counter_64: {
    types: types('numeric', 'bigint unsigned'),
    plain: ['42', '42'],
    target: 'bigint',
    rule: (name) => integer(name, { big: true }),
  },
  counter_32: {
    types: types('bigint', 'bigint unsigned'),
    plain: ['42', '42'],
    target: 'integer',
    rule: (name) => integer(name),
  },
  document: {
    types: types('json', 'json'),
    plain: [`'{"a": 1}'`, '{"a": 1}'],
    target: 'jsonb',
    rule: (name) => json(name),
  },
  binary_document: {
    types: { postgres: 'jsonb' },
    plain: [`'{"a": 1}'`, '{"a": 1}'],
    target: 'jsonb',
    rule: (name) => json(name),
  },
  document_text: {
    types: types('text', 'longtext'),
    plain: [`'{"a": 1}'`, '{"a": 1}'],
    target: 'jsonb',
    rule: (name) => json(name),
  },
  short: {
    types: types('text', 'varchar(60)'),
    plain: plainText,
    target: 'varchar(10)',
    rule: (name) => text(name),
  },
  note: { types: types('text', 'text'), plain: plainText, target: 'text', rule: (name) => text(name) },
  note_needed: {
    types: types('text', 'text'),
    plain: plainText,
    target: 'text not null',
    rule: (name) => text(name, { required: true }),
  },
  padded: {
    types: types('char(12)', 'char(12)'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  flag: {
    types: types('boolean', 'tinyint(1)'),
    plain: ['true', 'true'],
    target: 'boolean',
    rule: (name) => boolean(name),
  },
  flag_text: {
    types: types('text', 'varchar(20)'),
    plain: [`'Y'`, 'true'],
    target: 'boolean',
    rule: (name) => boolean(name),
  },
  small: {
    types: types('smallint', 'tinyint(1)'),
    plain: ['1', '1'],
    target: 'smallint',
    rule: (name) => integer(name),
  },
  bit_flag: {
    types: types('bit(1)', 'bit(1)'),
    plain: [`b'1'`, 'true'],
    target: 'boolean',
    rule: (name) => boolean(name),
  },
  bits_as_flag: {
    types: types('bit(8)', 'bit(8)'),
    plain: ['null', ''],
    target: 'boolean',
    rule: (name) => boolean(name),
  },
  bits: {
    types: mysqlTypes('bit(8)'),
    plain: [`b'00000011'`, '3'],
    target: 'integer',
    rule: (name) => integer(name),
  },
  bits_text: {
    types: types('bit(8)', 'bit(8)'),
    plain: ['null', ''],
    target: 'text',
    rule: (name) => text(name),
  },
  kind: {
    types: types('mood', `enum('good','bad')`),
    plain: [`'good'`, 'good'],
    target: 'text',
    rule: (name) => text(name),
  },
  kind_needed: {
    types: types('mood', `enum('good','bad')`),
    plain: [`'good'`, 'good'],
    target: 'text not null',
    rule: (name) => text(name, { required: true }),
  },
  tags: {
    types: types('text[]', `set('a','b','c')`),
    plain: ['null', ''],
    target: 'text',
    rule: (name) => text(name),
  },
  western: {
    types: mysqlTypes('varchar(40) character set latin1'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  german: {
    types: mysqlTypes('varchar(40) character set latin1 collate latin1_german1_ci'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  three_bytes: {
    types: mysqlTypes('varchar(40) character set utf8'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  japanese: {
    types: mysqlTypes('varchar(40) character set sjis'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  in_order_of_bytes: {
    types: types('text collate "C"', 'varchar(40) character set utf8mb4 collate utf8mb4_bin'),
    plain: plainText,
    target: 'text',
    rule: (name) => text(name),
  },
  raw: {
    types: types('bytea', 'blob'),
    plain: ['null', ''],
    target: 'text',
    rule: (name) => text(name),
  },
  raw_fixed: {
    types: mysqlTypes('binary(4)'),
    plain: ['null', ''],
    target: 'text',
    rule: (name) => text(name),
  },
  owner: {
    types: types('uuid', 'binary(16)'),
    plain: ['null', ''],
    target: 'uuid',
    rule: (name) => identity(name, { namespace: 'owners' }),
  },
  owner_text: {
    types: types('text', 'char(60)'),
    plain: ['null', ''],
    target: 'uuid',
    rule: (name) => identity(name, { namespace: 'owners' }),
  },
} as const satisfies Readonly<Record<string, ValueColumn>>;
