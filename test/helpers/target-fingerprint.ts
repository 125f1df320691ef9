import { fingerprint, type Fingerprint } from '../../src/backup/fingerprint.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';
import type { RunEnvironment } from './run-environment.js';

/** What the plan's tables of the target are at this moment: rows, sequences, definitions. */
export function takeFingerprint({ target }: Pick<RunEnvironment, 'target'>): Promise<Fingerprint> {
  return fingerprint({
    target: { label: 'target', config: { connectionString: target.url } },
    tables: nxtPlan.schema.tables,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
}
