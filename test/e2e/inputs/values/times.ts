import {
  cannotOccur,
  everywhere,
  given,
  kept,
  onlyMysql,
  onlyPostgres,
  rejected,
  type ValueCase,
} from './case.js';

const noZeroDates = 'PostgreSQL refuses dates that are none';
const noInfinity = 'their times end with the year 9999';

/** Local times are those of Berlin; server, session and worker are in other zones, all of them different. */
const localTimes: readonly (readonly [string, string, string])[] = [
  ['with microseconds', '2021-01-15 12:00:00.000001', '2021-01-15 11:00:00.000001+00'],
  ['the last microsecond before DST', '2021-03-28 01:59:59.999999', '2021-03-28 00:59:59.999999+00'],
  ['that DST skips', '2021-03-28 02:30:00', '2021-03-28 01:30:00+00'],
  ['the first of DST', '2021-03-28 03:00:00', '2021-03-28 01:00:00+00'],
  ['that the end of DST repeats', '2021-10-31 02:30:00.654321', '2021-10-31 01:30:00.654321+00'],
  ['after the end of DST', '2021-10-31 03:00:00', '2021-10-31 02:00:00+00'],
  ['in the DST change of the zone of the worker', '2021-03-14 02:30:00', '2021-03-14 01:30:00+00'],
  ['before time zones', '1850-01-01 00:00:00', '1849-12-31 23:06:32+00'],
  ['of the year 1', '0001-01-01 00:00:00.000001', '0001-12-31 23:06:32.000001+00 BC'],
  ['at the end of time', '9999-12-31 23:59:59.999999', '9999-12-31 22:59:59.999999+00'],
];

const noDate = (text: string): ValueCase['mysql'] =>
  given(`'${text}'`, rejected(/is not a date and time/, text));

export const timeCases: readonly ValueCase[] = [
  onlyMysql('a zero date', 'day', noZeroDates, `'0000-00-00'`, {
    kept: null,
    warning: /zero date, which is no date; left empty/,
  }),
  onlyMysql('a date that is zero in part', 'day', noZeroDates, `'2020-00-15'`, {
    kept: null,
    warning: /zero in it.*the original is kept/,
    original: '2020-00-15',
  }),
  onlyMysql('a date without a day', 'day', noZeroDates, `'2020-02-00'`, {
    kept: null,
    warning: /zero in it/,
    original: '2020-02-00',
  }),
  onlyMysql(
    'a day that no month has',
    'day',
    noZeroDates,
    `'2020-02-31'`,
    rejected(/is not a date/, '2020-02-31'),
  ),
  onlyMysql(
    'a zero date where a date is needed',
    'day_needed',
    noZeroDates,
    `'0000-00-00'`,
    rejected(/is a zero date/, '0000-00-00'),
  ),
  onlyMysql(
    'a date that is zero in part where a date is needed',
    'day_needed',
    noZeroDates,
    `'2020-00-15'`,
    rejected(/is a zero date/, '2020-00-15'),
  ),
  everywhere('a date of the year 1', 'day', `'0001-01-01'`, kept('0001-01-01')),
  onlyPostgres(
    'a date before Christ',
    'day',
    'their dates begin with the year 0',
    `'0044-03-15 BC'`,
    kept('0044-03-15 BC'),
  ),
  onlyPostgres('an endless date', 'day', noInfinity, `'infinity'`, kept('infinity')),

  onlyMysql('a zero time', 'local_time', noZeroDates, `'0000-00-00 00:00:00'`, {
    kept: null,
    warning: /zero date/,
  }),
  onlyMysql('a time on a date that is zero in part', 'local_time', noZeroDates, `'2020-00-15 12:30:00.5'`, {
    kept: null,
    warning: /zero in it/,
    original: '2020-00-15 12:30:00.500000',
  }),
  {
    name: 'a time on a day that no month has',
    column: 'local_time',
    postgres: cannotOccur(noZeroDates),
    mysql: noDate('2021-02-30 10:00:00.000000'),
    mariadb: noDate('2021-02-30 10:00:00.000000'),
  },
  onlyMysql(
    'a zero time where a missing one would become that of the run',
    'local_time_or_now',
    noZeroDates,
    `'0000-00-00 00:00:00'`,
    rejected(/is a zero date/, '0000-00-00 00:00:00.000000'),
  ),
  onlyMysql('a zero time in a column with time zone', 'instant', noZeroDates, `'0000-00-00 00:00:00'`, {
    kept: null,
    warning: /zero date/,
  }),
  ...localTimes.map(([name, local, utc]) =>
    everywhere(`a local time ${name}`, 'local_time', `'${local}'`, kept(utc)),
  ),
  onlyPostgres('an endless local time', 'local_time', noInfinity, `'-infinity'`, kept('-infinity')),
  everywhere(
    'a moment with microseconds',
    'instant',
    `'2021-03-28 01:30:00.123456'`,
    kept('2021-03-28 01:30:00.123456+00'),
  ),
  everywhere(
    'a moment in the hour that DST repeats',
    'instant',
    `'2021-10-31 00:30:00.000001'`,
    kept('2021-10-31 00:30:00.000001+00'),
  ),
  everywhere('the first second of Unix', 'instant', `'1970-01-01 00:00:01'`, kept('1970-01-01 00:00:01+00')),
  onlyPostgres(
    'a moment of the year 1',
    'instant',
    'their moments begin with 1970',
    `'0001-01-01 00:00:00+00'`,
    kept('0001-01-01 00:00:00+00'),
  ),
  {
    name: 'the longest time',
    column: 'span',
    postgres: given(`'-838:59:59'`, kept('-838:59:59')),
    mysql: given(`'-838:59:59'`, kept('-838:59:59.000000')),
    mariadb: given(`'-838:59:59'`, kept('-838:59:59.000000')),
  },
  onlyMysql('the year 0', 'vintage', 'PostgreSQL has no type for years', `0`, kept('0')),
];
