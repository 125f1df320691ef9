import { expect, test } from 'vitest';
import type { Rule, Values } from '../../src/plan/model.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { findEntity } from '../../src/plan/order.js';

function ruleOf(step: string, column: string): Rule {
  const rule = findEntity(nxtPlan, step)?.sources[0]?.columns[column];
  if (!rule) throw new Error(`${step} has no column ${column}`);
  return rule;
}

function compute(column: string, values: Values): unknown {
  const rule = ruleOf('inventory', column);
  return rule.kind === 'computed' ? rule.compute(values) : undefined;
}

function check(step: string, values: Values): unknown {
  return findEntity(nxtPlan, step)?.sources[0]?.checks?.[0]?.check(values);
}

const stock = (onHand: number, reserved: number, reorderPoint: number): Values => ({
  quantity_on_hand: onHand,
  quantity_reserved: reserved,
  reorder_point: reorderPoint,
});

test('available is what is on hand less what is reserved', () => {
  expect(compute('quantity_available', stock(10, 4, 0))).toBe(6);
  expect(compute('quantity_available', stock(1, 4, 0))).toBe(-3);
});

test.each([
  [10, 4, 5, 'in_stock'],
  [10, 4, 6, 'low_stock'],
  [10, 4, 0, 'in_stock'],
  [4, 4, 0, 'out_of_stock'],
  [1, 4, 0, 'out_of_stock'],
])('%i on hand, %i reserved, to be reordered at %i: %s', (onHand, reserved, reorderPoint, status) => {
  expect(compute('stock_status', stock(onHand, reserved, reorderPoint))).toBe(status);
});

test('a cost above the price is a warning, equal or missing ones are none', () => {
  expect(check('products', { cost_price: 251, unit_price: 250 })).toEqual({
    column: 'cost_price',
    reason: 'the cost price is above the unit price',
    warning: true,
  });
  expect(check('products', { cost_price: 250, unit_price: 250 })).toBeUndefined();
  expect(check('products', { cost_price: null, unit_price: 250 })).toBeUndefined();
});

test('a price list that expires before it starts is rejected, on the same day it is not', () => {
  expect(check('price-lists', { effective_date: 9132, expiry_date: 9131 })).toEqual({
    column: 'expiry_date',
    reason: 'the expiry date is before the effective date',
  });
  expect(check('price-lists', { effective_date: 9132, expiry_date: 9132 })).toBeUndefined();
  expect(check('price-lists', { effective_date: 9132, expiry_date: null })).toBeUndefined();
});

test('what a plan reads under other names is read under all of them', () => {
  expect(ruleOf('products', 'unit_price')).toMatchObject({ from: ['unit_price', 'price'] });
  expect(ruleOf('products', 'external_id')).toMatchObject({ from: 'id', otherwise: 'null' });
  expect(ruleOf('inventory', 'quantity_on_hand')).toMatchObject({ from: ['quantity_on_hand', 'quantity'] });
  expect(ruleOf('price-lists', 'name')).toMatchObject({ from: ['name', 'price_list_name'] });
});

test('vendors become approved suppliers', () => {
  const vendors = findEntity(nxtPlan, 'suppliers')?.sources[1];
  expect(vendors?.table).toBe('legacy_vendors');
  expect(vendors?.columns).toMatchObject({
    supplier_code: { from: 'vendor_code' },
    supplier_type: { kind: 'constant', value: 'vendor' },
    is_approved: { kind: 'constant', value: 'true' },
    approved_at: { kind: 'timestamp', from: 'created_at' },
    approved_by: { kind: 'constant', value: null },
  });
  expect(vendors?.columns['approved_at']).not.toHaveProperty('default');
});

test('statuses that have a list of values, and those that have none, are in lower case', () => {
  expect(ruleOf('price-lists', 'status')).toMatchObject({
    known: ['draft', 'active', 'expired', 'archived'],
  });
  expect(ruleOf('price-lists', 'validation_status')).toMatchObject({ lower: true });
  expect(ruleOf('upload-history', 'status')).toMatchObject({ lower: true });
});
