import { createInterface } from 'node:readline/promises';
import { MigrationError } from '../contract/errors.js';
import type { Call } from './call.js';

/**
 * Passes when `--confirm` was typed, or when a person on a terminal says yes; else nothing may be done.
 *
 * @param what will be destroyed, in rows: said before, and in the refusal
 */
export async function requireConsent(call: Call, what: string): Promise<void> {
  if (call.options['confirm'] === true) return;
  if (!call.json && process.stdin.isTTY && process.stdout.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    try {
      const answer = await terminal.question(`${what} Go on? Type yes: `, { signal: call.signal });
      if (answer.trim().toLowerCase() === 'yes') return;
    } finally {
      terminal.close();
    }
  }
  throw new MigrationError('ERR_010', `${what} Nothing was done.`, {
    next: 'Type the same with --confirm to do it.',
  });
}
