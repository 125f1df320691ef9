import type { RunData } from './run-data.js';

/** The gate at which a run is asked what to do with one that was left behind. */
export const leftBehindGate = 'left behind';

/** The gate of the validate phase, as `passed` and `skipped` name it. */
export const validationGate = 'validation';

/** Rows have come or gone: what was validated, or passed by hand, is not what is there now. */
export function invalidate(data: Pick<RunData, 'validated' | 'compared' | 'passed' | 'skipped'>): void {
  data.validated = false;
  data.compared = [];
  for (const gates of [data.passed, data.skipped]) {
    const at = gates.indexOf(validationGate);
    if (at >= 0) gates.splice(at, 1);
  }
}
