import type { EngineName } from '../engines.js';
import type { columns } from './columns.js';

/** One odd value on every engine, and what must become of it: a reader sees that none was forgotten. */
export interface ValueCase {
  readonly name: string;
  readonly column: keyof typeof columns;
  readonly postgres: Cell;
  readonly mysql: Cell;
  readonly mariadb: Cell;
}

export type Cell = Given | Impossible;

/** Why the value cannot be in a database of this engine. */
export interface Impossible {
  readonly cannotOccur: string;
}

export interface Given {
  /** an SQL expression */
  readonly sql: string;
  readonly becomes: Outcome;
}

export type Outcome =
  | {
      /** the target's `column::text`, in UTC */
      readonly kept: string | null;
      readonly warning?: RegExp;
      /** what of it is kept elsewhere, since its column cannot hold it */
      readonly original?: string;
    }
  | {
      readonly rejected: RegExp;
      /** the column's text in the quarantine */
      readonly original: string;
    };

export const given = (sql: string, becomes: Outcome): Given => ({ sql, becomes });
export const cannotOccur = (because: string): Impossible => ({ cannotOccur: because });
export const kept = (text: string | null): Outcome => ({ kept: text });
export const rejected = (reason: RegExp, original: string): Outcome => ({ rejected: reason, original });

/** A case of columns that all three engines have, with one spelling. */
export function everywhere(
  name: string,
  column: ValueCase['column'],
  sql: string,
  becomes: Outcome,
): ValueCase {
  const cell = given(sql, becomes);
  return { name, column, postgres: cell, mysql: cell, mariadb: cell };
}

/** A case that PostgreSQL cannot have, and MySQL and MariaDB have alike. */
export function onlyMysql(
  name: string,
  column: ValueCase['column'],
  because: string,
  sql: string,
  becomes: Outcome,
): ValueCase {
  const cell = given(sql, becomes);
  return { name, column, postgres: cannotOccur(because), mysql: cell, mariadb: cell };
}

/** A case that neither MySQL nor MariaDB can have. */
export function onlyPostgres(
  name: string,
  column: ValueCase['column'],
  because: string,
  sql: string,
  becomes: Outcome,
): ValueCase {
  const cell = cannotOccur(because);
  return { name, column, postgres: given(sql, becomes), mysql: cell, mariadb: cell };
}

/** SQL of exactly these characters, whatever the session makes of quotes and backslashes. */
export function sqlText(engine: EngineName, value: string): string {
  const hex = Buffer.from(value, 'utf8').toString('hex');
  if (engine === 'postgres') return `convert_from(decode('${hex}', 'hex'), 'UTF8')`;
  return hex === '' ? `''` : `convert(0x${hex} using utf8mb4)`;
}

/** A case of these very characters, in columns that all three engines have. */
export function textEverywhere(
  name: string,
  column: ValueCase['column'],
  value: string,
  becomes: Outcome = kept(value),
): ValueCase {
  return {
    name,
    column,
    postgres: given(sqlText('postgres', value), becomes),
    mysql: given(sqlText('mysql', value), becomes),
    mariadb: given(sqlText('mariadb', value), becomes),
  };
}
