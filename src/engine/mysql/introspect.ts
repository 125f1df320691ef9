import { escapeId, type Connection } from 'mysql2';
import type { SourceColumn, WireKind } from '../row.js';
import type { SourceTable } from '../source/types.js';
import { queryTexts, type TextRow } from './connect.js';
import { errorNumber } from './errors.js';

/**
 * What the text of a type is; every other type is `text`. A `bigint unsigned` is read as exactly as any integer, since
 * texts are read digit by digit. `tinyint(1)` stays a number: some hold more than 0 and 1. `float` and `double` may be
 * written with an exponent, which no reader of decimals takes for a number without asking.
 */
const kinds: Readonly<Record<string, WireKind>> = {
  tinyint: 'int2',
  smallint: 'int2',
  mediumint: 'int4',
  int: 'int4',
  bigint: 'int8',
  bit: 'int8',
  decimal: 'numeric',
  datetime: 'timestamp',
  timestamp: 'timestamptz',
  date: 'date',
  json: 'json',
  uuid: 'uuid',
};

/** One size up: their highest values need it. */
const unsignedKinds: Readonly<Record<string, WireKind>> = { smallint: 'int4', int: 'int8' };

/** Types whose text names one value, and that the server compares and sorts as it does that text's value. */
const keyTypes =
  /^(tinyint|smallint|mediumint|int|bigint|decimal|char|varchar|tinytext|text|mediumtext|longtext|date|datetime|timestamp|time|year|uuid|inet4|inet6)$/;

const noSuchTable = 1146;
const noSuchDatabase = 1049;
const tableAccessDenied = 1142;

/** A table's name, optionally with its database before a dot. */
export function quoteTable(name: string): string {
  return name
    .split('.')
    .map((part) => escapeId(part, true))
    .join('.');
}

/** The word that a type begins with: `decimal` of `decimal(10,2) unsigned`. */
export function baseType(type: string): string {
  return /^\w+/.exec(type)?.[0].toLowerCase() ?? type;
}

/** What UUIDs are kept in where there is no type of that name; other ids and digests as well. */
export function isBinaryUuid(type: string): boolean {
  return /^binary\(16\)/i.test(type);
}

/**
 * A table as the server shows it to our user; undefined when it does not exist. `readable` is tried out, since
 * rights may be given for the server, the database, the table or single columns, and a view's are its owner's.
 */
export async function describeTable(connection: Connection, name: string): Promise<SourceTable | undefined> {
  const quoted = quoteTable(name);
  let described: TextRow[];
  try {
    described = await queryTexts(connection, `show full columns from ${quoted}`);
  } catch (error) {
    const number = errorNumber(error);
    if (number === noSuchTable || number === noSuchDatabase) return undefined;
    if (number === tableAccessDenied)
      return { name, columns: [], key: [], readable: false, clustered: false };
    throw error;
  }
  const documents = await jsonColumns(connection, name);
  const columns = described.map((row, field) => sourceColumn(row, field, documents));
  const indexes = await queryTexts(connection, `show index from ${quoted}`);
  const key = keyOf(described, indexes);
  const table = { name, columns, key, clustered: isPrimary(key, indexes) };
  return { ...table, readable: await isReadable(connection, table) };
}

async function isReadable(connection: Connection, table: Omit<SourceTable, 'readable'>): Promise<boolean> {
  try {
    await queryTexts(connection, `select ${selectList(table)} from ${quoteTable(table.name)} limit 0`);
    return true;
  } catch (error) {
    if (errorNumber(error) === undefined) throw error;
    return false;
  }
}

/** MariaDB's JSON is a longtext with a check: its columns' names. MySQL's is a type of its own. */
async function jsonColumns(connection: Connection, name: string): Promise<ReadonlySet<string>> {
  const [version] = await queryTexts(connection, 'select version() as version');
  if (!version?.['version']?.includes('MariaDB')) return new Set();
  const [table = '', schema] = name.split('.').toReversed();
  const checks = await queryTexts(
    connection,
    `select check_clause as clause from information_schema.check_constraints
     where constraint_schema = ${schema === undefined ? 'database()' : connection.escape(schema)}
       and table_name = ${connection.escape(table)}`,
  );
  const names = checks.flatMap(({ clause }) => /^json_valid\(`(.*)`\)$/i.exec(clause ?? '')?.[1] ?? []);
  return new Set(names.map((quoted) => quoted.replaceAll('``', '`')));
}

function sourceColumn(row: TextRow, field: number, documents: ReadonlySet<string>): SourceColumn {
  const name = row['Field'] ?? '';
  const declared = row['Type'] ?? '';
  const charset = charsetOf(row['Collation'] ?? null);
  const type = charset === undefined ? declared : `${declared} character set ${charset}`;
  return {
    name,
    type,
    nullable: row['Null'] === 'YES',
    kind: documents.has(name) ? 'json' : kindOf(declared),
    encoding: 'text',
    field,
  };
}

function kindOf(type: string): WireKind {
  const base = baseType(type);
  if (isBinaryUuid(type)) return 'uuid';
  if (/^bit\(1\)/i.test(type)) return 'bool';
  return (/unsigned/i.test(type) ? unsignedKinds[base] : undefined) ?? kinds[base] ?? 'text';
}

/** A collation is named after its character set. */
function charsetOf(collation: string | null): string | undefined {
  return collation === null ? undefined : /^[^_]+/.exec(collation)?.[0];
}

/**
 * The columns of the primary key, else of the narrowest unique index; all of them whole, not null, not generated, and of
 * types that keep their order and identity as text (no enum, bit, float, or bytes but those of a UUID).
 */
function keyOf(columns: readonly TextRow[], indexes: readonly TextRow[]): string[] {
  const fit = new Set(columns.filter(isFitForKey).map((column) => column['Field']));
  const unique = indexes.filter((part) => part['Non_unique'] === '0');
  const keys = [...new Set(unique.map((part) => part['Key_name']))]
    .map((name) => unique.filter((part) => part['Key_name'] === name))
    .filter((parts) =>
      parts.every((part) => part['Sub_part'] === null && fit.has(part['Column_name'] ?? null)),
    )
    .toSorted((a, b) => a.length - b.length);
  const primary = keys.find(([part]) => part?.['Key_name'] === 'PRIMARY');
  return (primary ?? keys[0] ?? [])
    .toSorted((a, b) => Number(a['Seq_in_index']) - Number(b['Seq_in_index']))
    .map((part) => part['Column_name'] ?? '');
}

/** InnoDB keeps its rows in the order of the primary key. */
function isPrimary(key: readonly string[], indexes: readonly TextRow[]): boolean {
  const primary = indexes.filter((part) => part['Key_name'] === 'PRIMARY').map((part) => part['Column_name']);
  return primary.length > 0 && primary.join('\0') === key.join('\0');
}

function isFitForKey(column: TextRow): boolean {
  const type = column['Type'] ?? '';
  const isGenerated = /\b(VIRTUAL|STORED|PERSISTENT)( GENERATED)?\b/.test(column['Extra'] ?? '');
  return column['Null'] === 'NO' && !isGenerated && (isBinaryUuid(type) || keyTypes.test(baseType(type)));
}

/** The columns in the form that their kinds promise. */
export function selectList({ columns }: Pick<SourceTable, 'columns'>): string {
  return columns
    .map((column) => {
      const expression = selectExpression(column);
      return driverRefuses.has(column.name)
        ? `${expression} as ${escapeId(`.${column.name}`, true)}`
        : expression;
    })
    .join(', ');
}

/** Names of columns that mysql2 refuses to read, since they are no keys of JavaScript's plain objects. */
const driverRefuses: ReadonlySet<string> = new Set([
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  '__proto__',
]);

/** Character sets whose bytes are text in UTF-8, if they are right: they come as they are, wrong ones too. */
const utf8Charsets = /^(utf8|utf8mb3|utf8mb4|ascii|binary)$/;

/** The SQL that selects a column as text, with nothing lost. */
export function selectExpression({ name, type }: SourceColumn): string {
  const quoted = escapeId(name, true);
  const charset = / character set (\w+)$/.exec(type)?.[1];
  if (charset !== undefined) return utf8Charsets.test(charset) ? quoted : inUtf8(quoted, charset);
  if (isBinaryUuid(type)) return uuidText(quoted);
  const base = baseType(type);
  // Bits come as a number, and numbers without the zeros that `zerofill` shows: 00042 is the id 42.
  if (base === 'bit' || /zerofill/i.test(type)) return `${quoted} + 0`;
  if (/^float( unsigned)?$/i.test(type)) return floatText(quoted);
  // Shapes and vectors are bytes of the server's own making.
  if (/^(geometry|geomcollection|geometrycollection|vector|(multi)?(point|linestring|polygon))$/.test(base))
    return `concat('\\\\x', lower(hex(${quoted})))`;
  return quoted;
}

/**
 * Text of another character set in UTF-8. Bytes that are no character of their set would become question marks: where
 * the way back does not lead to the same bytes these come as they are, and are found to be no text. Every byte is a
 * character in latin1.
 */
function inUtf8(quoted: string, charset: string): string {
  const converted = `convert(${quoted} using utf8mb4)`;
  if (charset === 'latin1') return converted;
  const bytes = `cast(${quoted} as binary)`;
  return `if(cast(convert(${converted} using ${charset}) as binary) = ${bytes}, ${converted}, ${bytes})`;
}

/**
 * A `binary(16)` as 8-4-4-4-12 hexadecimal digits where these are a UUID of RFC 9562 (version 1 to 8 in the 13th digit, its
 * variant in the 17th), in the order of the bytes; as 32 digits where they are something else, which no reader takes
 * for a UUID. Decided by the value alone, so that an id and what refers to it are always the same text.
 */
function uuidText(quoted: string): string {
  const digits = `lower(hex(${quoted}))`;
  const dashed = [9, 14, 19, 24].reduce((text, at) => `insert(${text}, ${at}, 0, '-')`, digits);
  const isUuid = [
    [13, '12345678'],
    [17, '89ab'],
  ].map(([at, allowed]) => `locate(substring(${digits}, ${at}, 1), '${allowed}') > 0`);
  return `if(${isUuid.join(' and ')}, ${dashed}, ${digits})`;
}

/**
 * The server prints a float with six digits, however many it has. That text is taken where it stands for the same float
 * (nearer than half the distance to the next one), else the exact value: 19.99 comes as 19.99, 16777217 as 16777216.
 */
function floatText(quoted: string): string {
  const short = `concat(${quoted})`;
  return `if(abs(${quoted} - ${short}) <= abs(${quoted}) * pow(2, -25), ${short}, concat(${quoted} + 0e0))`;
}
