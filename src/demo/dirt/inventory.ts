import { dirtFor, missingText, oddTextsIn, type Dirt } from './dirt.js';

const { rejects, orphans, warns, keeps } = dirtFor<'legacy_inventory'>();

export const inventoryDirt: readonly Dirt<'legacy_inventory'>[] = [
  orphans('product_missing', { product_id: null, product_sku: null }),
  orphans('product_unknown', (_row, around) => ({ product_id: around.unknownId(), product_sku: null })),
  orphans('product_sku_unknown', (row) => ({ product_id: null, product_sku: `GONE-${row.id}` })),
  orphans(
    'product_rejected',
    (_row, around) => ({ product_id: around.rejected('legacy_products').id, product_sku: null }),
    { needs: { table: 'legacy_products' } },
  ),
  ...missingText<'legacy_inventory'>('warehouse_id'),
  rejects('on_hand_negative', {
    quantity_on_hand: -3,
    quantity: null,
    quantity_reserved: 0,
    quantity_available: -3,
  }),
  rejects('reserved_negative', (row) => ({
    quantity_reserved: -1,
    quantity_available: Number(row.quantity_on_hand ?? row.quantity) + 1,
  })),
  rejects('quantity_too_big', {
    quantity_on_hand: null,
    quantity: 3_000_000_000,
    quantity_reserved: 0,
    quantity_available: null,
  }),
  rejects('average_cost_three_decimals', { average_cost: '1.234' }),
  rejects('last_purchase_cost_many_digits', { last_purchase_cost: '123456789.00' }),
  warns('available_differs', (row) => ({ quantity_available: Number(row.quantity_available) + 7 })),
  warns('stock_status_unknown', { stock_status: 'on_the_moon' }),
  warns('product_found_by_sku_only', (_row, around) => ({
    product_id: around.unknownId(),
    product_sku: around.clean('legacy_products').sku,
  })),
  keeps('product_sku_case_and_padding', (_row, around) => ({
    product_id: null,
    product_sku: ` ${String(around.clean('legacy_products').sku).toLowerCase()}\u00A0`,
  })),
  keeps('same_product_and_warehouse', (_row, around) => {
    const { product_id, product_sku, warehouse_id } = around.clean('legacy_inventory');
    return { product_id, product_sku, warehouse_id };
  }),
  keeps('quantities_differ', (row) => {
    const onHand = Number(row.quantity_on_hand ?? row.quantity);
    return { quantity_on_hand: onHand, quantity: onHand + 5 };
  }),
  keeps('quantities_missing', {
    quantity_on_hand: null,
    quantity: null,
    quantity_reserved: null,
    quantity_available: null,
    stock_status: null,
  }),
  keeps('stock_status_upper_case', { stock_status: 'IN_STOCK' }),
  keeps('warehouse_padded', { warehouse_id: ' WH-EAST\u00A0' }),
  keeps('id_over_2_to_53', (_row, around) => ({ id: String(9007199254740993n + 2n * BigInt(around.index)) })),
  keeps('id_negative', (_row, around) => ({ id: -1 - around.index })),
  keeps('last_movement_infinity', { last_movement: 'infinity' }),
  keeps('last_stock_check_bc', { last_stock_check: '0044-03-15 00:00:00 BC' }),
  ...oddTextsIn<'legacy_inventory'>('bin_note'),
];
