import type { Client } from 'pg';
import { quoteName } from '../../store/quote.js';

interface SequenceState {
  readonly schema: string;
  readonly name: string;
  /** int8 as text */
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** Sets sequences back to where they stood before the run. Only for tables whose rows of the run are gone. */
export async function restoreSequences(client: Client, sequences: readonly SequenceState[]): Promise<void> {
  for (const { schema, name, lastValue, isCalled } of sequences)
    await client.query('select setval($1, $2::bigint, $3)', [quoteName(schema, name), lastValue, isCalled]);
}
