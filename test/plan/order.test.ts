import { expect, test } from 'vitest';
import { definePlan, entity, identity, source } from '../../src/plan/builder.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import {
  areIndependent,
  dependenciesOf,
  dependentsOf,
  findEntity,
  independentOf,
  inOrder,
  waitsFor,
  withDependencies,
} from '../../src/plan/order.js';

const steps = (entities: readonly { step: string }[]) => entities.map((each) => each.step);

const step = (name: string, ...dependsOn: string[]) =>
  entity({ step: name, label: name, dependsOn, sources: [source(`old_${name}`, [identity('id')])] });

test('steps come after what they depend on, otherwise as the plan names them', () => {
  const upsideDown = definePlan({
    name: 'upside-down',
    title: 'Children named before their parents',
    entities: [step('leaves', 'twigs'), step('birds'), step('twigs', 'trunk'), step('trunk')],
    schema: { tables: ['leaves', 'birds', 'twigs', 'trunk'], migrationsFolder: '/nowhere' },
  });

  expect(steps(inOrder(upsideDown))).toEqual(['trunk', 'twigs', 'leaves', 'birds']);
  expect(steps(inOrder(nxtPlan))).toEqual(steps(nxtPlan.entities));
});

test('asked tables bring along what they depend on, by the name of the step or of the table', () => {
  expect(steps(withDependencies(nxtPlan, ['price_list_items', 'customers']))).toEqual([
    'customers',
    'suppliers',
    'price-lists',
    'price-list-items',
  ]);
  expect(steps(withDependencies(nxtPlan, ['inventory', 'inventory']))).toEqual([
    'suppliers',
    'products',
    'inventory',
  ]);
  expect(findEntity(nxtPlan, 'upload_history')).toBe(findEntity(nxtPlan, 'upload-history'));
});

test('unknown tables are refused with the allowed ones', () => {
  expect(() => withDependencies(nxtPlan, ['customers', 'orders', 'orders', 'legacy_products'])).toThrow(
    'The plan nxt has no steps or tables orders, legacy_products. Allowed are customers, suppliers, products, ' +
      'inventory, price-lists, price_lists, price-list-items, price_list_items, upload-history, upload_history.',
  );
});

test('dependents are named with the last ones first, as they must be undone', () => {
  expect(dependentsOf(nxtPlan, 'suppliers')).toEqual([
    'upload-history',
    'price-list-items',
    'price-lists',
    'inventory',
    'products',
  ]);
  expect(dependentsOf(nxtPlan, 'customers')).toEqual([]);
  expect(dependenciesOf(nxtPlan, 'upload-history')).toEqual(['suppliers', 'price-lists']);
});

test('steps are independent when neither waits for the other', () => {
  expect(areIndependent(nxtPlan, 'customers', 'suppliers')).toBe(true);
  expect(areIndependent(nxtPlan, 'inventory', 'price-lists')).toBe(true);
  expect(areIndependent(nxtPlan, 'inventory', 'suppliers')).toBe(false);
  expect(areIndependent(nxtPlan, 'suppliers', 'inventory')).toBe(false);
  expect(areIndependent(nxtPlan, 'customers', 'customers')).toBe(false);
  expect(independentOf(nxtPlan, 'products')).toEqual(['customers', 'price-lists', 'upload-history']);
});

test('price list items wait for the products whose SKUs they look for, but do not bring them along', () => {
  expect(waitsFor(nxtPlan, 'price-list-items')).toEqual(['price-lists', 'products']);
  expect(areIndependent(nxtPlan, 'price-list-items', 'products')).toBe(false);
  expect(dependenciesOf(nxtPlan, 'price-list-items')).toEqual(['suppliers', 'price-lists']);
});
