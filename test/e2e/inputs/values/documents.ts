import {
  cannotOccur,
  given,
  kept,
  rejected,
  sqlText,
  textEverywhere,
  type Cell,
  type Outcome,
  type ValueCase,
} from './case.js';

const mysqlRefuses = 'its JSON refuses it when it is written';
const mysqlChanges = 'its JSON has another form, which cannot hold that: it was changed when it was written';

/**
 * A document in a `json` column, which is text in PostgreSQL and MariaDB. MySQL has a form of its own, in which another
 * text may come out than was written: `mysql` says so.
 */
function inJson(
  name: string,
  text: string,
  becomes: Outcome,
  mysql: Cell = given(sqlText('mysql', text), becomes),
  mariadb: Cell = given(sqlText('mariadb', text), becomes),
): ValueCase {
  return {
    name,
    column: 'document',
    postgres: given(`${sqlText('postgres', text)}::json`, becomes),
    mysql,
    mariadb,
  };
}

/** What PostgreSQL's jsonb could not hold is not in it. */
function inJsonb(name: string, text: string, becomes: Outcome): ValueCase {
  const none = cannotOccur('it has no type beside json');
  return {
    name,
    column: 'binary_document',
    postgres: given(`${sqlText('postgres', text)}::jsonb`, becomes),
    mysql: none,
    mariadb: none,
  };
}

const googol = `1${'0'.repeat(400)}`;
const many = JSON.stringify(
  Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`column_${i + 1000}`, `value ${i}`])),
)
  .replaceAll('":"', '": "')
  .replaceAll('","', '", "');

export const documentCases: readonly ValueCase[] = [
  inJson('a number that no double can hold', '{"n": 9007199254740993}', kept('{"n": 9007199254740993}')),
  inJson('a number beyond doubles', '{"n": 1e400}', kept(`{"n": ${googol}}`), cannotOccur(mysqlRefuses)),
  inJson('a number with a zero at its end', '{"n": 1.10}', kept('{"n": 1.10}'), cannotOccur(mysqlChanges)),
  inJson(
    'a number with more digits than a double',
    '[0.1234567890123456789]',
    kept('[0.1234567890123456789]'),
    cannotOccur(mysqlChanges),
  ),
  inJson(
    'a number that nothing can hold',
    '[1e999999]',
    rejected(/number beyond what PostgreSQL can hold/, '[1e999999]'),
    cannotOccur(mysqlRefuses),
  ),
  inJson(
    'the same key twice',
    '{"a": 1, "a": 2}',
    rejected(/the same key twice/, '{"a": 1, "a": 2}'),
    cannotOccur(mysqlChanges),
  ),
  inJson('a JSON null', 'null', kept('null')),
  inJson('an empty document', '{}', kept('{}')),
  inJson('an escaped NUL', '["a\\u0000b"]', rejected(/has the character .u0000/, '["a\\u0000b"]')),
  inJson(
    'half of a surrogate pair',
    '["\\ud800"]',
    rejected(/half of a surrogate pair/, '["\\ud800"]'),
    cannotOccur(mysqlRefuses),
    cannotOccur(mysqlRefuses),
  ),
  inJson('an emoji', '["👩‍🌾"]', kept('["👩‍🌾"]')),
  inJson('2,000 columns of JSON', many, kept(many)),

  inJsonb(
    'a number that no double can hold, in jsonb',
    '{"n": 9007199254740993}',
    kept('{"n": 9007199254740993}'),
  ),
  inJsonb('a number beyond doubles, in jsonb', '[1e400]', kept(`[${googol}]`)),
  inJsonb('a number with a zero at its end, in jsonb', '[1.10]', kept('[1.10]')),
  inJsonb('a JSON null, in jsonb', 'null', kept('null')),

  textEverywhere(
    'JSON in a text column',
    'document_text',
    '{"n": 1.10, "big": 9007199254740993}',
    kept('{"n": 1.10, "big": 9007199254740993}'),
  ),
  textEverywhere('1e400 in a text column', 'document_text', '[1e400]', kept(`[${googol}]`)),
  textEverywhere(
    'the same key twice in a text column',
    'document_text',
    '{"a": 1, "a": 1}',
    rejected(/same key twice/, '{"a": 1, "a": 1}'),
  ),
  textEverywhere(
    'no JSON in a text column',
    'document_text',
    `{'a': 1}`,
    rejected(/is not JSON/, `{'a': 1}`),
  ),
  textEverywhere(
    'JSON that is cut off',
    'document_text',
    '{"a": [1, 2',
    rejected(/is not JSON/, '{"a": [1, 2'),
  ),
  textEverywhere('NaN as JSON', 'document_text', '[NaN]', rejected(/is not JSON/, '[NaN]')),
  textEverywhere(
    'half a surrogate pair in a text column',
    'document_text',
    '["\\udc00 "]',
    rejected(/half of a surrogate pair/, '["\\udc00 "]'),
  ),
  textEverywhere(
    'an escaped NUL in a text column',
    'document_text',
    '["\\u0000"]',
    rejected(/has the character .u0000/, '["\\u0000"]'),
  ),
  textEverywhere(
    'JSON nested too deep',
    'document_text',
    `${'['.repeat(1100)}${']'.repeat(1100)}`,
    rejected(/nested deeper/, `${'['.repeat(1100)}${']'.repeat(1100)}`),
  ),
];
