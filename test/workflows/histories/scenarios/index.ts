import type { Scenario } from '../scene.js';
import { steered } from './steered.js';
import { undone } from './undone.js';
import { walked } from './walked.js';

/** By the name of the file that it is recorded in. */
export const scenarios: readonly (readonly [string, Scenario])[] = Object.entries({
  ...walked,
  ...steered,
  ...undone,
});
