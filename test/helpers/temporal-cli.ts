import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { findTemporalCli } from '../../src/servers/temporal-binaries.js';

const run = promisify(execFile);

/** What the `temporal` binary said; `failed` when its exit code was not 0. */
export interface CliAnswer {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Calls the real `temporal` binary as an operator does, on the shared server, and has it answer in JSON:
 *
 *     await temporalCli('workflow describe', { 'workflow-id': 'migration-first' });
 */
export async function temporalCli(
  command: string,
  flags: Readonly<Record<string, string>>,
): Promise<CliAnswer> {
  const binary = await findTemporalCli();
  const given = { ...flags, address: inject('temporalAddress'), output: 'json', color: 'never' };
  const all = [
    ...command.split(' '),
    ...Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]),
  ];
  try {
    const { stdout, stderr } = await run(binary, all, { maxBuffer: 64 << 20 });
    return { failed: false, stdout, stderr };
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error)) throw error;
    return { failed: true, stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}
