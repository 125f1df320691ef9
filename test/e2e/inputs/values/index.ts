import type { ValueCase } from './case.js';
import { documentCases } from './documents.js';
import { numberCases } from './numbers.js';
import { textCases } from './texts.js';
import { timeCases } from './times.js';

export const valueCases: readonly ValueCase[] = [
  ...timeCases,
  ...numberCases,
  ...documentCases,
  ...textCases,
];
