import { minted } from '../../mapping/case.js';
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

const noNul = 'PostgreSQL refuses NUL';
const oneCharset = 'a PostgreSQL database has one encoding; one with bytes of any is tried by itself';
const uuid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const noUuid = '0123456789abcdef0123456789abcdef';
const hex = (id: string): string => id.replaceAll('-', '');

/** What COPY, CSV and SQL take for something else. */
const traps: readonly (readonly [string, string])[] = [
  ['the end of a COPY', '\\.'],
  ['the end of a COPY on a line of its own', 'a\n\\.\nb'],
  ['what COPY takes for null', '\\N'],
  ['tabs', 'a\tb\tc'],
  ['newlines', 'a\nb\r\nc\rd'],
  ['backslashes', 'C:\\temp\\new \\\\ \\x41 \\101'],
  ['a backslash at the end', 'a\\'],
  ['quotes', `O'Reilly "quoted" \`ticked\` $$dollar$$`],
  ['SQL', `'; drop table odd_values; --`],
  ['the word NULL', 'NULL'],
  ['the word null', 'null'],
  ['control characters', '\u0001\u0002\u001b[31m\u007f'],
  ['a byte order mark inside', 'a\ufeffb'],
  ['right to left', 'שלום \u202eabc\u202c עולם'],
  ['an emoji of several characters', '👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
  ['a character of four bytes', '𝄞 𠜎'],
  ['a letter and its accent apart', 'e\u0301 é'],
  ['the replacement character itself', 'a\ufffdb'],
  ['a non-character', 'a\uffffb'],
  ['question marks', '???'],
];

export const textCases: readonly ValueCase[] = [
  ...traps.map(([name, value]) => textEverywhere(`text: ${name}`, 'note', value)),

  textEverywhere('an empty text', 'note', ''),
  everywhere('no text', 'note', 'null', kept(null)),
  textEverywhere('nothing but white space', 'note', ' \t\n\u00a0\u3000', kept('')),
  textEverywhere('white space at both ends', 'note', ' \t a  b \u2003\n', kept('a  b')),
  textEverywhere(
    'an empty text where one is needed',
    'note_needed',
    '',
    rejected(/is required and missing/, ''),
  ),
  textEverywhere(
    'white space where a text is needed',
    'note_needed',
    ' \n',
    rejected(/is required and missing/, ' \n'),
  ),
  textEverywhere('the word NULL where a text is needed', 'note_needed', 'NULL'),
  textEverywhere('\\N where a text is needed', 'note_needed', '\\N'),

  textEverywhere('as long as the target allows', 'short', '1234567890'),
  textEverywhere('as long as it allows, in characters of four bytes', 'short', '😀'.repeat(10)),
  textEverywhere(
    'longer than the target allows',
    'short',
    '12345678901',
    rejected(/longer than 10 characters/, '12345678901'),
  ),
  textEverywhere(
    'too long by one emoji',
    'short',
    '😀'.repeat(11),
    rejected(/longer than 10 characters/, '😀'.repeat(11)),
  ),
  textEverywhere('too long by spaces at its end only', 'short', '1234567890      ', kept('1234567890')),
  textEverywhere(
    'too long by spaces within',
    'short',
    '12345      67890',
    rejected(/longer than 10/, '12345      67890'),
  ),
  everywhere('a text that its type pads', 'padded', `'ab'`, kept('ab')),

  onlyMysql(
    'NUL in a text',
    'note',
    noNul,
    `concat('a', char(0), 'b')`,
    rejected(/NUL character/, '\\x610062'),
  ),
  onlyMysql('NUL alone', 'short', noNul, 'char(0)', rejected(/NUL character/, '\\x00')),
  onlyMysql(
    'bytes that are text',
    'raw',
    'its bytea is no text: it is kept as hexadecimal',
    '0x5ac3bc',
    kept('Zü'),
  ),
  onlyMysql(
    'bytes that are no text',
    'raw',
    'its bytea is no text: it is kept as hexadecimal',
    '0xff00fe',
    rejected(/not valid UTF-8/, '\\xff00fe'),
  ),
  onlyMysql(
    'bytes of a surrogate',
    'raw',
    'its bytea is no text: it is kept as hexadecimal',
    '0xeda080',
    rejected(/not valid UTF-8/, '\\xeda080'),
  ),
  onlyMysql(
    'a binary that the server pads with NUL',
    'raw_fixed',
    'it has no binary of fixed length',
    `'ab'`,
    rejected(/NUL character/, '\\x61620000'),
  ),
  onlyPostgres(
    'bytes',
    'raw',
    'their bytes may be text; tried above',
    `'\\xff00fe'::bytea`,
    kept('\\xff00fe'),
  ),

  onlyMysql('a latin1 column', 'western', oneCharset, `'Zürich €'`, kept('Zürich €')),
  onlyMysql(
    'every byte of latin1 is a character',
    'western',
    oneCharset,
    'convert(0x80818d8f909dff using latin1)',
    kept('€\u0081\u008d\u008f\u0090\u009dÿ'),
  ),
  onlyMysql(
    'UTF-8 in a latin1 column: what the table says, no guess',
    'western',
    oneCharset,
    'convert(0x5ac3bc using latin1)',
    kept('ZÃ¼'),
  ),
  onlyMysql('a column of another collation', 'german', oneCharset, `'Straße'`, kept('Straße')),
  onlyMysql('a utf8mb3 column', 'three_bytes', oneCharset, `'Zürich ☃'`, kept('Zürich ☃')),
  onlyMysql('a Japanese column', 'japanese', oneCharset, `'日本'`, kept('日本')),
  textEverywhere('a collation by bytes', 'in_order_of_bytes', 'ÄaÀ😀'),

  {
    name: 'the empty value of an enum, which stands for a wrong one',
    column: 'kind',
    postgres: cannotOccur('PostgreSQL refuses values that its enum does not have'),
    mysql: given(`'ugly'`, kept('')),
    mariadb: given(`'ugly'`, kept('')),
  },
  onlyMysql(
    'the same where a value is needed',
    'kind_needed',
    'PostgreSQL refuses it',
    `'ugly'`,
    rejected(/is required and missing/, ''),
  ),
  {
    name: 'several values of a set',
    column: 'tags',
    postgres: given(`array['a', 'c,d', null]`, kept('["a", "c,d", null]')),
    mysql: given(`'c,a'`, kept('a,c')),
    mariadb: given(`'c,a'`, kept('a,c')),
  },
  {
    name: 'a set without values',
    column: 'tags',
    postgres: given(`array[]::text[]`, kept('[]')),
    mysql: given(`''`, kept('')),
    mariadb: given(`''`, kept('')),
  },

  {
    name: 'a UUID as its engine keeps it',
    column: 'owner',
    postgres: given(`'${uuid}'`, kept(uuid)),
    mysql: given(`0x${hex(uuid)}`, kept(uuid)),
    mariadb: given(`0x${hex(uuid)}`, kept(uuid)),
  },
  onlyMysql(
    '16 bytes that are no UUID of any version',
    'owner',
    'a uuid is one, whatever its version',
    `0x${noUuid}`,
    { kept: minted('owners', noUuid), original: noUuid },
  ),
  onlyMysql(
    '16 bytes of zero',
    'owner',
    'a uuid is one, whatever its version',
    '0x00000000000000000000000000000000',
    { kept: minted('owners', '0'.repeat(32)), original: '0'.repeat(32) },
  ),
  textEverywhere('a UUID in capitals, with spaces', 'owner_text', ` ${uuid.toUpperCase()} `, kept(uuid)),
  textEverywhere('an id that is no UUID', 'owner_text', 'user-17', {
    kept: minted('owners', 'user-17'),
    original: 'user-17',
  }),
  textEverywhere('the hexadecimal digits of a UUID', 'owner_text', hex(uuid), {
    kept: minted('owners', hex(uuid)),
    original: hex(uuid),
  }),
];
