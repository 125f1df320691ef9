import type { Client } from 'pg';
import type { Entity } from '../../plan/model.js';
import { setDerivedCount } from '../complete/derived-counts.js';
import { renewWarningsAbout } from '../complete/soft-references.js';

/**
 * Brings the steps that stay in line with those that are gone: counts that their rows carry of undone rows, and warnings
 * of codes that may have named an undone row. May be run again.
 */
export async function settleAfterUndo(
  client: Client,
  run: string,
  undone: readonly Entity[],
  kept: readonly Entity[],
): Promise<void> {
  for (const children of undone)
    for (const derived of children.derived ?? [])
      for (const parent of kept.filter(({ step }) => step === derived.parent))
        await setDerivedCount(client, run, children, parent, derived, false);
  for (const other of undone) await renewWarningsAbout(client, run, other, kept);
}
