/**
 * Conditions on keys, in a form that the server looks up in the index.
 *
 * Text is compared as its column's own collation does, in conditions, in the order and in the index alike. In a
 * case-insensitive one 'a' equals 'A', and a unique key then holds only one of the two: above the key of one row is
 * every row behind it, and none beside it. A literal takes the collation of the column that it is compared with.
 */
import { isUtf8 } from 'node:buffer';
import { escape, escapeId } from 'mysql2';
import { MigrationError } from '../../contract/errors.js';
import type { SourceColumn } from '../row.js';
import type { KeyBounds, SourceTable } from '../source/types.js';
import { keyBytes } from '../values/key-text.js';
import { baseType, isBinaryUuid } from './introspect.js';

/** The key columns, to sort by. */
export function keyList(table: SourceTable): string {
  return table.key.map((name) => escapeId(name, true)).join(', ');
}

/** ` where …` for rows above `lower`, up to and with `upper`; empty without bounds. */
export function boundsCondition(table: SourceTable, bounds: KeyBounds): string {
  const conditions: string[] = [];
  if (bounds.lower) conditions.push(beyond(keyParts(table, bounds.lower), '>', '>'));
  if (bounds.upper) conditions.push(beyond(keyParts(table, bounds.upper), '<', '<='));
  return conditions.length > 0 ? ` where ${conditions.join(' and ')}` : '';
}

/** ` where …` for the rows with these keys. */
export function keysCondition(table: SourceTable, keys: readonly (readonly string[])[]): string {
  const tuples = keys.map((key) => {
    const values = keyParts(table, key).map(({ value }) => value);
    return values.length === 1 ? values[0] : `(${values.join(', ')})`;
  });
  return ` where ${table.key.length === 1 ? keyList(table) : `(${keyList(table)})`} in (${tuples.join(', ')})`;
}

interface KeyPart {
  readonly column: string;
  readonly value: string;
}

/**
 * `a > 1 or a = 1 and (b > 2)`: what `(a, b) > (1, 2)` means. The server finds only the written-out form in the index.
 */
function beyond(parts: readonly KeyPart[], sign: '<' | '>', lastSign: '<=' | '>'): string {
  const [{ column, value } = { column: '', value: '' }, ...others] = parts;
  if (others.length === 0) return `(${column} ${lastSign} ${value})`;
  return `(${column} ${sign} ${value} or ${column} = ${value} and ${beyond(others, sign, lastSign)})`;
}

function keyParts(table: SourceTable, key: readonly string[]): KeyPart[] {
  return table.key.map((name, i) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`${table.name} has no column ${name}`);
    return { column: escapeId(name, true), value: literal(column, key[i] ?? '') };
  });
}

/** A value as its column's text has it. Throws where it is no value of the column. */
function literal({ name, type }: SourceColumn, text: string): string {
  if (isBinaryUuid(type)) {
    const digits = text.replaceAll('-', '');
    if (!/^[0-9a-f]{32}$/i.test(digits)) throw new Error(`a key of ${name} (${type}) is no UUID`);
    return `x'${digits}'`;
  }
  if (/^(tinyint|smallint|mediumint|int|bigint|decimal|year)$/.test(baseType(type))) {
    if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Error(`a key of ${name} (${type}) is no number`);
    return text;
  }
  const bytes = /^(char|varchar|(tiny|medium|long)?text)/i.test(type) ? keyBytes(text) : undefined;
  return bytes === undefined ? escape(text) : charactersOf(bytes, name, type);
}

/** The literal of a text that holds NUL, or that looks like hexadecimal. */
function charactersOf(bytes: Buffer, name: string, type: string): string {
  if (!isUtf8(bytes))
    throw new MigrationError(
      'ERR_002',
      `A key of ${name} (${type}) holds bytes that are no text of its character set, so that rows behind it cannot be asked for.`,
      {
        next: 'Correct that row in the source, or give the table a unique index over other columns and name it as the key.',
        place: { server: 'source', column: name },
      },
    );
  return `_utf8mb4 x'${bytes.toString('hex')}'`;
}
