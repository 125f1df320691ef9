import { CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.js';
import { MigrationError } from '../contract/errors.js';
import { PlanModuleError } from '../plan/registry.js';

/** What a command tells the shell. */
export const exitCodes = { ok: 0, failed: 1, wrongCall: 2, unreachable: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.wrongCall;
  if (error instanceof ConfigError || error instanceof PlanModuleError) return exitCodes.wrongCall;
  if (error instanceof MigrationError && error.code === 'ERR_001') return exitCodes.unreachable;
  return exitCodes.failed;
}

/** The error as a person should read it: code, what happened, what to do next. */
export function explain(error: unknown): string {
  if (error instanceof MigrationError) return `❌ ${error.code}: ${error.message}\n   ${error.next}`;
  return `❌ ${error instanceof Error ? error.message : String(error)}`;
}
