import type { LegacyTable } from './legacy-tables.js';

/** More rows would run out of 32-bit row numbers. */
const mostRows = 2 ** 31;

/**
 * How many rows each table gets out of `rows` in all; at least one each.
 * @throws RangeError when `rows` is not an integer from 8 to 2^31
 */
export function splitRows(rows: number): Record<LegacyTable, number> {
  if (!Number.isInteger(rows) || rows < 8 || rows > mostRows) {
    throw new RangeError(
      `The number of demo rows must be a whole number from 8 (one for each table) to ${mostRows}; it is ${rows}.`,
    );
  }
  const share = (thousandths: number): number => Math.max(1, Math.floor((rows * thousandths) / 1000));
  const counts = {
    legacy_customers: share(50),
    legacy_suppliers: share(25),
    legacy_vendors: share(12),
    legacy_products: share(185),
    legacy_inventory: share(240),
    legacy_price_lists: share(3),
  };
  const items = share(430);
  const left = rows - items - Object.values(counts).reduce((sum, count) => sum + count, 0);
  // With a handful of rows the others' "at least one" leaves nothing for upload history.
  const missing = Math.max(0, 1 - left);
  return {
    ...counts,
    legacy_price_list_items: items - missing,
    legacy_upload_history: left + missing,
  };
}
