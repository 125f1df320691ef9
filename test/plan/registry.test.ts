import path from 'node:path';
import { expect, test } from 'vitest';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import { findPlan, loadPlans, planNames, registerPlan } from '../../src/plan/registry.js';

const plans = path.join(import.meta.dirname, '../data/plans');

test('the built-in plan is found', () => {
  expect(findPlan('nxt')).toBe(nxtPlan);
});

test('an unknown plan is refused with the known ones', () => {
  expect(() => findPlan('nyx')).toThrow('There is no plan "nyx". Known are nxt.');
});

test('plans are loaded from modules, again and again without harm', async () => {
  const [library] = await loadPlans(['library/plan.ts'], plans);
  await loadPlans([path.join(plans, 'library/plan.ts')]);

  expect(planNames()).toEqual(['library', 'nxt']);
  expect(findPlan('library')).toBe(library);
});

test('another plan of a known name is refused', () => {
  expect(() => registerPlan({ ...nxtPlan })).toThrow('There is a plan nxt already');
});

test('a module that is missing or has no plan is named', async () => {
  await expect(loadPlans(['missing.js'], plans)).rejects.toThrow(
    `The plan module ${path.join(plans, 'missing.js')} cannot be imported`,
  );
  await expect(loadPlans(['no-plan.ts'], plans)).rejects.toThrow('no-plan.ts exports no plan');
});
