/** The one place where names and values become SQL text. Values go as parameters wherever the statement allows. */
import { escapeIdentifier, escapeLiteral } from 'pg';

/**
 * A name as an SQL identifier, whatever is in it.
 *
 * @example
 * quoteIdent('order "7"'); // "order ""7"""
 */
export function quoteIdent(name: string): string {
  return escapeIdentifier(name);
}

/** A table, sequence or type in its schema as an SQL name: `"public"."customers"`. */
export function quoteName(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/**
 * A text as an SQL literal, for statements that take no parameters.
 *
 * @example
 * quoteLiteral("it's"); // 'it''s'
 */
export function quoteLiteral(text: string): string {
  // pg puts a space before the E of a text with backslashes, so that it can follow a keyword.
  return escapeLiteral(text).trimStart();
}

/** A table's name, optionally with its schema before a dot. */
export function quoteTable(name: string): string {
  return name.split('.').map(quoteIdent).join('.');
}
