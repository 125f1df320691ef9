import { columnsOf, type ColumnType, type LegacyColumn, type LegacyTable } from '../legacy-tables.js';
import type { MysqlColumn } from './insert-text.js';

type Exceptions = { readonly [T in LegacyTable]?: Readonly<Partial<Record<LegacyColumn<T>, string>>> };

/** Columns that an old MySQL application makes otherwise than its other columns of that kind. */
const exceptions: Exceptions = {
  legacy_customers: {
    contact_person: 'varchar(255) character set utf8mb3',
    industry: 'varchar(100) character set latin1',
    order_channels: `set('phone','fax','web','shop')`,
    customer_type: `enum('retail','wholesale','chain','public')`,
    customer_status: `enum('active','inactive','on_hold')`,
  },
  legacy_suppliers: { is_approved: 'bit(1)' },
  legacy_inventory: { quantity: 'bigint unsigned' },
  legacy_price_list_items: { id: 'binary(16)' },
  legacy_price_lists: { validation_status: `enum('pending','valid','invalid')` },
};

/** The table's columns with their types in MySQL 8 and MariaDB 10.5 and later, in the order of the table. */
export function mysqlColumnsOf<T extends LegacyTable>(table: T): MysqlColumn<T>[] {
  const ofTable: Readonly<Partial<Record<string, string>>> = exceptions[table] ?? {};
  return columnsOf(table).map(([column, type]) => [column, ofTable[column] ?? plainType(type)]);
}

function plainType(type: ColumnType): string {
  switch (type) {
    case 'boolean':
      return 'tinyint(1)';
    case 'integer':
      return 'int';
    // All scales that occur, and more digits before the point than any of the new system's columns take.
    case 'numeric':
      return 'decimal(30,9)';
    case 'uuid':
      return 'char(36) character set ascii';
    case 'timestamp':
      return 'datetime(6)';
    // Older servers would fill it with the current time by themselves.
    case 'timestamptz':
      return 'timestamp(6) null default null';
    // As it was written: MySQL's own JSON type drops duplicate keys.
    case 'json':
      return 'longtext';
    case 'jsonb':
      return 'json';
    default:
      return type;
  }
}
