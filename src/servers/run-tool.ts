import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorCode } from './error-code.js';

const run = promisify(execFile);

export interface ToolOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs a tool of the system and resolves to what it printed on standard output.
 *
 * Throws a sentence: that there is no such tool, or the last lines of what it printed.
 */
export async function runTool(
  tool: string,
  args: readonly string[],
  { cwd, env = process.env }: ToolOptions,
): Promise<string> {
  try {
    const { stdout } = await run(tool, args, { ...(cwd !== undefined && { cwd }), env });
    return stdout;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') throw new Error(`there is no \`${tool}\``, { cause });
    throw new Error(`\`${tool}\` failed: ${lastWords(cause)}`, { cause });
  }
}

/** Tools differ in where they complain: Maven does it on standard output. */
function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const printed = ['stderr', 'stdout'].map((stream) => String(Reflect.get(error, stream) ?? '').trim());
  const words = printed.find((text) => text !== '') ?? error.message;
  return words.split('\n').slice(-3).join(' ');
}
