import {
  cannotOccur,
  everywhere,
  given,
  kept,
  onlyMysql,
  onlyPostgres,
  rejected,
  textEverywhere,
  type ValueCase,
} from './case.js';

const noSpecialNumbers = 'their numbers are all finite';
const uint64 = '18446744073709551615';
const digits35 = '12345678901234567890123456789012345';
const digits30 = '123456789012345678901234567891';

export const numberCases: readonly ValueCase[] = [
  everywhere('the largest unsigned 64-bit integer', 'counter', uint64, kept(uint64)),
  everywhere(
    'the same where the target cannot hold it',
    'counter_64',
    uint64,
    rejected(/is outside/, uint64),
  ),
  everywhere('an integer that no double can hold', 'counter', '9007199254740993', kept('9007199254740993')),
  everywhere('the same as 64-bit integer', 'counter_64', '9007199254740993', kept('9007199254740993')),
  everywhere(
    'the largest signed 64-bit integer',
    'counter_64',
    '9223372036854775807',
    kept('9223372036854775807'),
  ),
  everywhere(
    'one more than that',
    'counter_64',
    '9223372036854775808',
    rejected(/is outside/, '9223372036854775808'),
  ),
  everywhere('one more than 32 bits', 'counter_32', '2147483648', rejected(/is outside/, '2147483648')),
  everywhere('the largest of 32 bits', 'counter_32', '2147483647', kept('2147483647')),

  everywhere('all digits that there are', 'wide', `${digits35}.${digits30}`, kept(`${digits35}.${digits30}`)),
  {
    name: 'more digits behind the point than the target has',
    column: 'amount',
    postgres: given('1.005', rejected(/more than 2 digits behind the point/, '1.005')),
    mysql: given('1.005', rejected(/more than 2 digits behind the point/, `1.005${'0'.repeat(27)}`)),
    mariadb: given('1.005', rejected(/more than 2 digits behind the point/, `1.005${'0'.repeat(27)}`)),
  },
  {
    name: 'more digits before the point than the target has',
    column: 'amount',
    postgres: given('123456789.5', rejected(/more than 8 digits before the point/, '123456789.5')),
    mysql: given(
      '123456789.5',
      rejected(/more than 8 digits before the point/, `123456789.5${'0'.repeat(29)}`),
    ),
    mariadb: given(
      '123456789.5',
      rejected(/more than 8 digits before the point/, `123456789.5${'0'.repeat(29)}`),
    ),
  },
  everywhere('zeros behind the point', 'amount', '-99999999.9900000', kept('-99999999.99')),
  onlyPostgres('no number', 'amount', noSpecialNumbers, `'NaN'`, rejected(/is not a decimal number/, 'NaN')),
  onlyPostgres(
    'an endless number',
    'amount',
    noSpecialNumbers,
    `'Infinity'`,
    rejected(/is not a decimal number/, 'Infinity'),
  ),
  ...['1e3', '.5', '5.', '+5.00', '1,234.50', '$5', 'NaN', '٣'].map((written) =>
    textEverywhere(
      `an amount written as ${written}`,
      'amount_text',
      written,
      rejected(/is not a decimal number/, written),
    ),
  ),
  textEverywhere('an amount that is padded', 'amount_text', ' 0005.10 ', kept('5.10')),
  textEverywhere(
    'an amount with too many digits',
    'amount_text',
    '5.125',
    rejected(/behind the point/, '5.125'),
  ),
  {
    name: 'a float that is too large',
    column: 'ratio',
    postgres: given('1e308', rejected(/is not a decimal number/, '1e+308')),
    mysql: given('1e308', rejected(/is not a decimal number/, '1e308')),
    mariadb: given('1e308', rejected(/is not a decimal number/, '1e308')),
  },
  {
    name: 'a float that is no decimal',
    column: 'ratio',
    postgres: given('1e0 / 3', rejected(/behind the point/, '0.3333333333333333')),
    mysql: given('1e0 / 3', rejected(/behind the point/, '0.3333333333333333')),
    mariadb: given('1e0 / 3', rejected(/behind the point/, '0.3333333333333333')),
  },
  onlyPostgres(
    'a float that is no number',
    'ratio',
    noSpecialNumbers,
    `'NaN'`,
    rejected(/is not a decimal/, 'NaN'),
  ),

  {
    name: 'a tinyint(1) of 127 where it means yes or no',
    column: 'flag',
    postgres: cannotOccur('a boolean is true or false'),
    mysql: given('127', rejected(/is neither true nor false/, '127')),
    mariadb: given('127', rejected(/is neither true nor false/, '127')),
  },
  onlyMysql(
    'a tinyint(1) of -1',
    'flag',
    'a boolean is true or false',
    '-1',
    rejected(/neither true nor false/, '-1'),
  ),
  everywhere('a flag that is false', 'flag', 'false', kept('false')),
  everywhere('a tinyint(1) of 127 where it is a number', 'small', '127', kept('127')),
  everywhere('a bit that is not set', 'bit_flag', `b'0'`, kept('false')),
  {
    name: 'eight bits where one is meant',
    column: 'bits_as_flag',
    postgres: given(`b'00000010'`, rejected(/is neither true nor false/, '00000010')),
    mysql: given(`b'00000010'`, rejected(/is neither true nor false/, '2')),
    mariadb: given(`b'00000010'`, rejected(/is neither true nor false/, '2')),
  },
  onlyMysql(
    'eight bits as a number',
    'bits',
    'its bits are text, which a rule for numbers refuses to read',
    `b'10000001'`,
    kept('129'),
  ),
  {
    name: 'eight bits as text',
    column: 'bits_text',
    postgres: given(`b'10000001'`, kept('10000001')),
    mysql: given(`b'10000001'`, kept('129')),
    mariadb: given(`b'10000001'`, kept('129')),
  },
  ...['maybe', '2', 'truee', '-1', 'on'].map((written) =>
    textEverywhere(
      `${written} as a flag`,
      'flag_text',
      written,
      rejected(/is neither true nor false/, written),
    ),
  ),
  textEverywhere('a flag with white space', 'flag_text', ' yes\t', kept('true')),
  textEverywhere('an empty flag', 'flag_text', '', kept(null)),
];
